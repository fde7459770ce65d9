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
  WORKER_STATE,
  type MachineFile,
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

const MACHINES = ['backup', 'restore', 'restore-test'] as const;

describe.each(MACHINES)('the definition of %s', (machine) => {
  it('passes the validator', () => {
    expect(problemsOf(definition(machine))).toEqual([]);
  });

  it('has no field of JSONPath, which the validator lets pass', () => {
    const fields = [...allStates(machine).values()].flatMap((state) => Object.keys(state));
    expect(fields).not.toEqual(expect.arrayContaining([expect.stringMatching(/Path$|^Parameters$|^ResultSelector$/)]));
  });

  it('reaches every state, and from every state an end', () => {
    for (const scope of scopes(definition(machine))) {
      const names = Object.keys(scope.States);
      expect(reachable(scope, scope.StartAt)).toEqual(new Set(names));
      for (const name of names) {
        const ends = [...reachable(scope, name)].filter((reached) => isEnd(scope, reached));
        expect({ name, ends }).not.toEqual({ name, ends: [] });
      }
    }
  });

  it('reads no variable that no state assigns', () => {
    const catches = [...allStates(machine).values()].flatMap(({ Assign, Catch = [] }) => [
      Assign,
      ...Catch.map((catcher) => (catcher as { Assign?: object }).Assign),
    ]);
    const text = definitionText(machine);
    const bound = [...text.matchAll(/\$(\w+) :=/g)].map(([, name = '']) => name);
    const assigned = new Set([...catches.flatMap((assign) => Object.keys(assign ?? {})), ...bound]);
    const read = text.matchAll(/\$([A-Za-z]\w*)\b(?!\()/g);
    const unknown = [...read].map(([, name = '']) => name).filter((name) => name !== 'states' && !assigned.has(name));
    expect(unknown).toEqual([]);
  });
});

describe('the validator', () => {
  it.each<[string, (text: string) => string]>([
    ['a state that there is none', (text) => text.replace('"Next": "IsSuccess"', '"Next": "IsSucces"')],
    [
      'a JSONata expression that does not parse',
      (text) => text.replace('$run.include.dump %}', '$run.include.dump ( %}'),
    ],
    ['a retrier without errors', (text) => text.replace('"ErrorEquals"', '"ErrorsEqual"')],
  ])('would not pass it with %s', (_title, breakIt) => {
    const broken = breakIt(definitionText('backup'));
    expect(broken).not.toBe(definitionText('backup'));
    expect(problemsOf(JSON.parse(broken) as object)).not.toEqual([]);
  });
});

describe.each(MACHINES)('a Task of %s', (machine) => {
  it.each(tasks(machine))('%s has a literal timeout, retries and a catch of everything', (_name, state) => {
    expect(Number.isInteger(state.TimeoutSeconds)).toBe(true);
    expect(state.Retry?.length).toBeGreaterThan(0);
    expect(state.Catch?.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
  });

  it.each(tasks(machine))('%s is retried on named errors of the service only, a few times', (_name, { Retry = [] }) => {
    for (const { ErrorEquals, MaxAttempts } of Retry) {
      expect(MaxAttempts).toBeLessThanOrEqual(5);
      for (const error of ErrorEquals) expect(error).toMatch(/^(Lambda|ECS|AmazonECS)\./);
    }
  });

  it.each(lambdaTasks(machine))('%s waits longer than its function may take', (name, { TimeoutSeconds }) => {
    const { provider, functions } = readYaml('serverless.yml') as {
      provider: { timeout: number };
      functions: Record<string, { timeout?: number }>;
    };
    expect(TimeoutSeconds).toBeGreaterThan(functions[name]?.timeout ?? provider.timeout);
  });
});

describe.each(MACHINES)('the worker of %s', (machine) => {
  const state = WORKER_STATE[machine];

  it('is never started again once its task has started', () => {
    const retries = allStates(machine).get(state)?.Retry ?? [];
    const errors = retries.flatMap(({ ErrorEquals }) => ErrorEquals);
    for (const error of ['States.ALL', 'States.TaskFailed', 'States.Timeout']) expect(errors).not.toContain(error);
  });

  it('may run as long as the configuration allows, and the machine outlasts it', () => {
    const LONGEST_WORKER_TIMEOUT_S = 23 * 3600;
    const runs = Number(allStates(machine).get(state)?.TimeoutSeconds);
    expect(runs).toBeGreaterThan(LONGEST_WORKER_TIMEOUT_S);
    const others = lambdaTasks(machine).reduce((sum, [, { TimeoutSeconds }]) => sum + Number(TimeoutSeconds), 0);
    expect(definition(machine).TimeoutSeconds).toBeGreaterThan(runs + others);
  });
});

describe('the restore machine', () => {
  it('outlasts a thaw that takes twice as long as S3 says, and the restore after it', () => {
    const LONGEST_THAW_S = 2 * 12 * 3600;
    const runs = Number(allStates('restore').get('RunRestore')?.TimeoutSeconds);
    expect(definition('restore').TimeoutSeconds).toBeGreaterThan(LONGEST_THAW_S + runs);
  });

  it('looks at a thaw so seldom that its history holds it: 25,000 events (Step Functions quotas)', () => {
    const EVENTS_OF_A_LOOK = 12;
    const seconds = Number((allStates('restore').get('WaitForThaw') as { Seconds?: unknown } | undefined)?.Seconds);
    expect((definition('restore').TimeoutSeconds / seconds) * EVENTS_OF_A_LOOK).toBeLessThan(25_000);
  });
});

describe('a function', () => {
  const { functions } = readYaml('serverless.yml') as { functions: Record<string, { handler: string }> };

  it.each(MACHINES.flatMap((machine) => lambdaTasks(machine)))(
    'of state %s has its name in every layer',
    (name, state) => {
      expect(state.Arguments?.['FunctionName']).toBe(`\${${name}Arn}`);
      expect(functions[name]?.handler).toBe(`functions/${kebab(name)}.handler`);
      expect(existsSync(join(CHECKOUT, 'functions', `${kebab(name)}.ts`))).toBe(true);
    },
  );

  /** Called by EventBridge. */
  const OUTSIDE = ['Backstop', 'CheckFreshness', 'Sweep'];

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
  it.each([
    ['backup', 'infra/machine.yml', 'BackupMachine'],
    ['restore', 'infra/restore.yml', 'RestoreMachine'],
    ['restore-test', 'infra/restore.yml', 'RestoreTestMachine'],
  ] as const)('of %s are those that the definition names, no more and no fewer', (machine, file, resource) => {
    const { Resources } = readYaml(file) as {
      Resources: Record<string, { Properties: { DefinitionSubstitutions: Record<string, unknown> } }>;
    };
    const named = [...definitionText(machine).matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
    const given = Resources[resource]?.Properties.DefinitionSubstitutions ?? {};
    expect(Object.keys(given).sort()).toEqual([...new Set(named)].sort());
  });
});

describe('a failure', () => {
  /** Where every Catch leads. Written out, because it is the promise: nothing fails silently. */
  const ENDS = { PublishSuccess: 'Succeeded', RecordFailure: 'PublishFailure', PublishFailure: 'Failed' };
  const LEADS_TO: Readonly<Record<MachineFile, Readonly<Record<string, string>>>> = {
    backup: {
      PlanBackup: 'RecordFailure',
      PublishStarted: 'BackUp',
      BackUp: 'RecordFailure',
      CreateSnapshot: 'SnapshotFailed',
      CheckSnapshot: 'SnapshotFailed',
      RunDump: 'CollectDump',
      CollectDump: 'DumpFailed',
      VerifyDump: 'DumpFailed',
      RecordManifest: 'RecordFailure',
      ...ENDS,
    },
    restore: {
      PlanRestore: 'RecordFailure',
      PublishStarted: 'HasArchivedObjects',
      ThawObjects: 'RecordFailure',
      CheckThaw: 'RecordFailure',
      RunRestore: 'CollectRestore',
      CollectRestore: 'RecordFailure',
      ...ENDS,
    },
    'restore-test': {
      PlanRestoreTest: 'RecordFailure',
      PublishStarted: 'RunRestoreTest',
      RunRestoreTest: 'CollectRestoreTest',
      CollectRestoreTest: 'RecordFailure',
      ...ENDS,
    },
  };

  it.each(MACHINES)('of %s leads where the design says', (machine) => {
    const catches = [...allStates(machine)].flatMap(([name, { Catch = [] }]) => Catch.map(({ Next }) => [name, Next]));
    expect(Object.fromEntries(catches)).toEqual(LEADS_TO[machine]);
  });

  it.each(MACHINES)('of %s is recorded, then published, then ends the execution', (machine) => {
    const states = allStates(machine);
    expect(states.get('RecordFailure')?.Next).toBe('PublishFailure');
    expect(states.get('PublishFailure')?.Next).toBe('Failed');
    expect(states.get('Failed')?.Type).toBe('Fail');
  });

  it('of one half is a value: no branch can fail or stop the other', () => {
    const [, ...branches] = scopes(definition('backup'));
    expect(branches).toHaveLength(2);
    for (const { States } of branches) {
      for (const { Type, End } of Object.values(States)) {
        expect(Type).not.toBe('Fail');
        if (End === true) expect(['Pass', 'Task']).toContain(Type);
      }
    }
  });

  it.each(MACHINES)('of %s cannot become a success', (machine) => {
    const after = reachable(definition(machine), 'RecordFailure');
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
