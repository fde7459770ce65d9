import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import validate from 'asl-validator';
import { parse } from 'yaml';
import { CHECKOUT } from './definition.ts';

const text = readFileSync(join(CHECKOUT, 'statemachine/retention.asl.json'), 'utf8');

interface Task {
  readonly Type: string;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly unknown[];
  readonly Catch?: readonly { readonly Next: string }[];
}

type States = Readonly<Record<string, Task>>;

const machine = JSON.parse(text) as { readonly States: States };
const perSource = (
  machine.States['ForEachSource'] as unknown as { readonly ItemProcessor: { readonly States: States } }
).ItemProcessor.States;

describe('the retention machine', () => {
  it('passes the validator', () => {
    expect(validate(machine).errors.map((error) => JSON.stringify(error))).toEqual([]);
  });

  it('is given the functions that it names', () => {
    const { Resources } = parse(readFileSync(join(CHECKOUT, 'infra/retention.yml'), 'utf8'), {
      logLevel: 'silent',
    }) as {
      Resources: { RetentionMachine: { Properties: { DefinitionSubstitutions: object } } };
    };
    const named = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
    expect(Object.keys(Resources.RetentionMachine.Properties.DefinitionSubstitutions).sort()).toEqual(named.sort());
  });

  it('waits longer for each function than it may take, and retries only what the service failed at', () => {
    const { functions, provider } = parse(readFileSync(join(CHECKOUT, 'serverless.yml'), 'utf8'), {
      logLevel: 'silent',
    }) as { provider: { timeout: number }; functions: Record<string, { timeout?: number }> };
    const tasks = Object.entries({ ...machine.States, ...perSource }).filter(([, { Type }]) => Type === 'Task');
    expect(tasks.map(([name]) => name)).toEqual(['ListSources', 'PlanRetention', 'ApplyRetention']);
    for (const [name, { TimeoutSeconds, Retry }] of tasks) {
      expect(TimeoutSeconds).toBeGreaterThan(functions[name]?.timeout ?? provider.timeout);
      expect(JSON.stringify(Retry)).not.toMatch(/States\.(ALL|TaskFailed|Timeout)/);
    }
  });

  it('has the time that 500 sources may take', () => {
    const { TimeoutSeconds, States } = machine as typeof machine & { readonly TimeoutSeconds: number };
    const { MaxConcurrency } = States['ForEachSource'] as Task & { readonly MaxConcurrency: number };
    const ofOne = ['PlanRetention', 'ApplyRetention'].map((name) => perSource[name]?.TimeoutSeconds ?? Infinity);
    expect(TimeoutSeconds).toBeGreaterThanOrEqual((500 / MaxConcurrency) * ofOne.reduce((sum, each) => sum + each));
    expect(TimeoutSeconds).toBeLessThan(86_400);
  });

  it('looks at every source, also when one fails', () => {
    for (const name of ['PlanRetention', 'ApplyRetention']) {
      expect(perSource[name]?.Catch).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'SourceFailed' }]);
    }
    expect(Object.values(perSource).map(({ Type }) => Type)).not.toContain('Fail');
  });

  it('fails in the end when a source has failed', () => {
    expect(machine.States['AreAllGood']).toMatchObject({ Default: 'Failed', Choices: [{ Next: 'Succeeded' }] });
  });
});
