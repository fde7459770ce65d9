/** The definitions of the machines that run a worker as a test looks at them: every state with where it leads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const CHECKOUT = join(import.meta.dirname, '../..');

export type MachineFile = 'backup' | 'restore' | 'restore-test';

/** The state of each machine that runs the worker. */
export const WORKER_STATE = { backup: 'RunDump', restore: 'RunRestore', 'restore-test': 'RunRestoreTest' } as const;

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts?: number;
}

export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Arguments?: Readonly<Record<string, unknown>>;
  readonly TimeoutSeconds?: unknown;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Default?: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Branches?: readonly States[];
}

export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface Definition extends States {
  readonly QueryLanguage: string;
  readonly TimeoutSeconds: number;
}

export function definitionText(machine: MachineFile): string {
  return readFileSync(join(CHECKOUT, `statemachine/${machine}.asl.json`), 'utf8');
}

/** A copy of its own for every caller. */
export function definition(machine: MachineFile): Definition {
  return JSON.parse(definitionText(machine)) as Definition;
}

/** The machine itself, then its branches. */
export function scopes(states: States): States[] {
  const branches = Object.values(states.States).flatMap(({ Branches = [] }) => Branches);
  return [states, ...branches.flatMap((branch) => scopes(branch))];
}

/** Every state by its name; the validator sees to it that no name is there twice. */
export function allStates(machine: MachineFile): Map<string, State> {
  return new Map(scopes(definition(machine)).flatMap(({ States }) => Object.entries(States)));
}

export function tasks(machine: MachineFile): [string, State][] {
  return [...allStates(machine)].filter(([, { Type }]) => Type === 'Task');
}

export function lambdaTasks(machine: MachineFile): [string, State][] {
  return tasks(machine).filter(([, { Resource }]) => Resource === 'arn:aws:states:::lambda:invoke');
}

/** Where a state may lead to within its scope. */
export function nextOf({ Next, Default, Choices = [], Catch = [] }: State): string[] {
  return [Next, Default, ...Choices.map((choice) => choice.Next), ...Catch.map((catcher) => catcher.Next)].filter(
    (name) => name !== undefined,
  );
}
