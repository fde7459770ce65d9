/** The real definition in the local emulator, with stubs for its functions and a shell for its worker. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { registerScript } from '../e2e/local/ecs.ts';
import { createFunction } from '../e2e/local/lambda.ts';
import { eventually } from '../e2e/local/mend-suite.ts';
import { startTestEmulator, type TestEmulator } from '../e2e/local/test-emulator.ts';
import type { Keep } from '../e2e/support/stop-after-tests.ts';
import { definition, definitionText, lambdaTasks, scopes, WORKER_STATE, type MachineFile } from './definition.ts';
import { stubBody, workerCommand, type Scenario } from './stubs.ts';

/** Long enough for a cold function, short enough to wait for one that hangs. */
const FUNCTION_TIMEOUT_S = 3;
const EXECUTION_TIMEOUT_MS = 25_000;

/** The names under which the machines know the task of their worker. */
const TASK_DEFINITIONS = ['TaskDefinitionArn', 'RestoreTaskArn', 'RestoreTestTaskArn'];

/** Task definitions that the machine may be given: one that works, and two ways in which a task does not start. */
export type WorkerTask = 'worker' | 'image-missing' | 'not-registered';

/** A call of a function, or the start of the worker. */
export interface Call {
  readonly state: string;
  /** The payload; a worker has none. */
  readonly event?: unknown;
}

export interface Ended {
  readonly status: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly output: unknown;
  /** In the order in which they began. */
  readonly calls: readonly Call[];
}

export interface MachineUnderTest {
  /** @param scenario the execution's input; one that is no Scenario leaves every stub at its default */
  run(scenario: Scenario | string, worker?: WorkerTask): Promise<Ended>;
}

export async function startMachineUnderTest(keep: Keep, machine: MachineFile = 'backup'): Promise<MachineUnderTest> {
  const emulator = await keep(startTestEmulator());
  const sfn = new SFNClient(emulator.settings);
  const command = workerCommand(WORKER_STATE[machine]);
  await Promise.all([
    ...lambdaTasks(machine).map(([name]) =>
      createFunction(emulator, name, stubBody(name, emulator.directory), FUNCTION_TIMEOUT_S),
    ),
    registerScript(emulator, 'worker', command, { name: 'worker' }),
    registerScript(emulator, 'image-missing', command, { name: 'worker', image: 'nobody/has:it' }),
  ]);
  let runs = 0;
  return {
    run: async (scenario, worker = 'worker') => {
      const name = `run-${++runs}`;
      const execution = await execute(sfn, await createMachine(sfn, machine, name, worker), name, scenario);
      return { ...resultOf(execution), calls: callsOf(emulator, name) };
    },
  };
}

async function createMachine(
  sfn: SFNClient,
  machine: MachineFile,
  name: string,
  worker: WorkerTask,
): Promise<string | undefined> {
  const arns = lambdaTasks(machine).map(([state]) => [
    `${state}Arn`,
    `arn:aws:lambda:us-east-1:000000000000:function:${state}`,
  ]);
  const substitutions = new Map([
    ...arns,
    ['ClusterArn', 'test'],
    ...TASK_DEFINITIONS.map((task) => [task, worker]),
  ] as [string, string][]);
  const text = definitionText(machine)
    .replace(/\$\{(\w+)\}/g, (_all, key: string) => substitutions.get(key) ?? '')
    .replace('"Seconds": 300', '"Seconds": 0');
  const roleArn = 'arn:aws:iam::000000000000:role/any';
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name, definition: text, roleArn }));
  return stateMachineArn;
}

async function execute(
  sfn: SFNClient,
  stateMachineArn: string | undefined,
  name: string,
  scenario: Scenario | string,
): Promise<DescribeExecutionCommandOutput> {
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(scenario) }),
  );
  return eventually(async () => {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  }, EXECUTION_TIMEOUT_MS);
}

/** The states that ran a function or the worker: those of the snapshot's branch before those of the dump's. */
export function pathOf(calls: readonly Call[]): string[] {
  const branches = scopes(definition('backup')).map(({ States }) => new Set(Object.keys(States)));
  const branchOf = ({ state }: Call): number => branches.findIndex((names) => names.has(state));
  const forked = calls.findIndex((call) => branchOf(call) > 0);
  const rankOf = (call: Call, index: number): number =>
    branchOf(call) === 0 && forked !== -1 && index > forked ? branches.length : branchOf(call);
  const ranked = calls.map((call, index) => ({ state: call.state, rank: rankOf(call, index) }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ state }) => state);
}

/** The payload of the last call of a state. */
export function eventOf(calls: readonly Call[], state: string): unknown {
  return calls.findLast((call) => call.state === state)?.event;
}

function resultOf({ status, error, cause, output }: DescribeExecutionCommandOutput): Omit<Ended, 'calls'> {
  return { status, error, cause, output: output === undefined ? undefined : (JSON.parse(output) as unknown) };
}

function callsOf({ directory }: TestEmulator, name: string): Call[] {
  const file = join(directory, `calls-${name}.jsonl`);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Call);
}
