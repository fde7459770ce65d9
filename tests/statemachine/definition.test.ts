import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import validate from 'asl-validator';
import { parse } from 'yaml';
import {
  allStates,
  CHECKOUT,
  definition,
  definitionText,
  lambdaTasks,
  nextOf,
  scopes,
  tasks,
  type States,
} from './definition.ts';

/** serverless.yml and its fragments; their CloudFormation tags stay what they tag. */
function readYaml(file: string): Record<string, unknown> {
  return parse(readFileSync(join(CHECKOUT, file), 'utf8'), { logLevel: 'silent' }) as Record<string, unknown>;
}

const kebab = (name: string): string => name.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase();

function problemsOf(machine: object): string[] {
  return validate(machine).errors.map((error) => JSON.stringify(error));
}

describe('the definition', () => {
  it('passes the validator', () => {
    expect(problemsOf(definition())).toEqual([]);
  });

  it.each<[string, (text: string) => string]>([
    ['a state that there is none', (text) => text.replace('"Next": "IsSuccess"', '"Next": "IsSucces"')],
    [
      'a JSONata expression that does not parse',
      (text) => text.replace('$run.include.dump %}', '$run.include.dump ( %}'),
    ],
    ['a retrier without errors', (text) => text.replace('"ErrorEquals"', '"ErrorsEqual"')],
  ])('would not pass it with %s', (_title, breakIt) => {
    const broken = breakIt(definitionText());
    expect(broken).not.toBe(definitionText());
    expect(problemsOf(JSON.parse(broken) as object)).not.toEqual([]);
  });

  it('has no field of JSONPath, which the validator lets pass', () => {
    const fields = [...allStates().values()].flatMap((state) => Object.keys(state));
    expect(fields).not.toEqual(expect.arrayContaining([expect.stringMatching(/Path$|^Parameters$|^ResultSelector$/)]));
  });

  it('reaches every state, and from every state an end', () => {
    for (const scope of scopes()) {
      const names = Object.keys(scope.States);
      expect(reachable(scope, scope.StartAt)).toEqual(new Set(names));
      for (const name of names) {
        const ends = [...reachable(scope, name)].filter((reached) => isEnd(scope, reached));
        expect({ name, ends }).not.toEqual({ name, ends: [] });
      }
    }
  });

  it('reads no variable that no state assigns', () => {
    const catches = [...allStates().values()].flatMap(({ Assign, Catch = [] }) => [
      Assign,
      ...Catch.map((catcher) => (catcher as { Assign?: object }).Assign),
    ]);
    const assigned = new Set(catches.flatMap((assign) => Object.keys(assign ?? {})));
    const read = definitionText().matchAll(/\$([A-Za-z]\w*)\b(?!\()/g);
    const unknown = [...read].map(([, name = '']) => name).filter((name) => name !== 'states' && !assigned.has(name));
    expect(unknown).toEqual([]);
  });
});

describe('a Task', () => {
  it.each(tasks())('%s has a literal timeout, retries and a catch of everything', (_name, state) => {
    expect(Number.isInteger(state.TimeoutSeconds)).toBe(true);
    expect(state.Retry?.length).toBeGreaterThan(0);
    expect(state.Catch?.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
  });

  it.each(tasks())('%s is retried on named errors of the service only, a few times', (_name, { Retry = [] }) => {
    for (const { ErrorEquals, MaxAttempts } of Retry) {
      expect(MaxAttempts).toBeLessThanOrEqual(5);
      for (const error of ErrorEquals) expect(error).toMatch(/^(Lambda|ECS|AmazonECS)\./);
    }
  });

  it.each(lambdaTasks())('%s waits longer than its function may take', (name, { TimeoutSeconds }) => {
    const { provider, functions } = readYaml('serverless.yml') as {
      provider: { timeout: number };
      functions: Record<string, { timeout?: number }>;
    };
    expect(TimeoutSeconds).toBeGreaterThan(functions[name]?.timeout ?? provider.timeout);
  });

  it('RunDump is never retried once the task has started', () => {
    const errors =
      allStates()
        .get('RunDump')
        ?.Retry?.flatMap(({ ErrorEquals }) => ErrorEquals) ?? [];
    for (const error of ['States.ALL', 'States.TaskFailed', 'States.Timeout']) expect(errors).not.toContain(error);
  });

  it('RunDump outlasts the longest timeout that a worker may have, and the machine outlasts RunDump', () => {
    const LONGEST_WORKER_TIMEOUT_S = 23 * 3600;
    const runDump = Number(allStates().get('RunDump')?.TimeoutSeconds);
    expect(runDump).toBeGreaterThan(LONGEST_WORKER_TIMEOUT_S);
    const others = lambdaTasks().reduce((sum, [, { TimeoutSeconds }]) => sum + Number(TimeoutSeconds), 0);
    expect(definition().TimeoutSeconds).toBeGreaterThan(runDump + others);
  });
});

describe('a function', () => {
  const { functions } = readYaml('serverless.yml') as { functions: Record<string, { handler: string }> };

  it.each(lambdaTasks())('of state %s has its name in every layer', (name, state) => {
    expect(state.Arguments?.['FunctionName']).toBe(`\${${name}Arn}`);
    expect(functions[name]?.handler).toBe(`functions/${kebab(name)}.handler`);
    expect(existsSync(join(CHECKOUT, 'functions', `${kebab(name)}.ts`))).toBe(true);
  });

  /** Called by EventBridge. */
  const OUTSIDE = ['Backstop'];

  it('is a state of a machine, or outside them all', () => {
    const machines = readdirSync(join(CHECKOUT, 'statemachine')).map((file) =>
      readFileSync(join(CHECKOUT, 'statemachine', file), 'utf8'),
    );
    const called = machines.flatMap((text) => [...text.matchAll(/"FunctionName": "\$\{(\w+)Arn\}"/g)]);
    const states = new Set(called.map(([, name = '']) => name));
    expect(Object.keys(functions).sort()).toEqual([...states, ...OUTSIDE].sort());
  });

  it('has the only files with a handler', () => {
    const withHandler = readdirSync(join(CHECKOUT, 'functions'))
      .filter((file) => readFileSync(join(CHECKOUT, 'functions', file), 'utf8').includes('export const handler ='))
      .map((file) => file.replace(/\.ts$/, ''));
    expect(withHandler.sort()).toEqual(Object.keys(functions).map(kebab).sort());
  });
});

describe('the substitutions', () => {
  it('are those that the definition names, no more and no fewer', () => {
    const machine = readYaml('infra/machine.yml') as {
      Resources: { BackupMachine: { Properties: { DefinitionSubstitutions: Record<string, unknown> } } };
    };
    const named = [...definitionText().matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
    const given = machine.Resources.BackupMachine.Properties.DefinitionSubstitutions;
    expect(Object.keys(given).sort()).toEqual([...new Set(named)].sort());
  });
});

describe('a failure', () => {
  /** Where every Catch leads. Written out, because it is the promise: nothing fails silently. */
  const LEADS_TO: Readonly<Record<string, string>> = {
    PlanBackup: 'RecordFailure',
    PublishStarted: 'BackUp',
    BackUp: 'RecordFailure',
    CreateSnapshot: 'SnapshotFailed',
    CheckSnapshot: 'SnapshotFailed',
    RunDump: 'CollectDump',
    CollectDump: 'DumpFailed',
    VerifyDump: 'DumpFailed',
    RecordManifest: 'RecordFailure',
    PublishSuccess: 'Succeeded',
    RecordFailure: 'PublishFailure',
    PublishFailure: 'Failed',
  };

  it('leads where the design says', () => {
    const catches = [...allStates()].flatMap(([name, { Catch = [] }]) => Catch.map(({ Next }) => [name, Next]));
    expect(Object.fromEntries(catches)).toEqual(LEADS_TO);
  });

  it('is recorded, then published, then ends the execution', () => {
    const states = allStates();
    expect(states.get('RecordFailure')?.Next).toBe('PublishFailure');
    expect(states.get('PublishFailure')?.Next).toBe('Failed');
    expect(states.get('Failed')?.Type).toBe('Fail');
  });

  it('of one half is a value: no branch can fail or stop the other', () => {
    const [, ...branches] = scopes();
    expect(branches).toHaveLength(2);
    for (const { States } of branches) {
      for (const { Type, End } of Object.values(States)) {
        expect(Type).not.toBe('Fail');
        if (End === true) expect(['Pass', 'Task']).toContain(Type);
      }
    }
  });

  it('cannot become a success', () => {
    const [machine] = scopes();
    const after = machine ? reachable(machine, 'RecordFailure') : new Set();
    expect(after).toEqual(new Set(['RecordFailure', 'PublishFailure', 'Failed']));
  });
});

function reachable({ States }: States, from: string): Set<string> {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = States[name];
    if (!state || seen.has(name)) continue;
    seen.add(name);
    open.push(...nextOf(state));
  }
  return seen;
}

function isEnd({ States }: States, name: string): boolean {
  const state = States[name];
  return state?.End === true || state?.Type === 'Succeed' || state?.Type === 'Fail';
}
