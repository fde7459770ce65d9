/** State machines of a few states, run to their end. */
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { eventually } from './mend-suite.ts';
import type { TestEmulator } from './test-emulator.ts';

export type State = Readonly<Record<string, unknown>>;

let machines = 0;

/** Creates a JSONata machine whose first state is the first one given, and starts it. */
export async function startMachine(
  emulator: TestEmulator,
  states: Readonly<Record<string, State>>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly sfn: SFNClient; readonly machineArn: string; readonly executionArn: string }> {
  const sfn = new SFNClient(emulator.settings);
  const definition = { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...settings };
  const { stateMachineArn: machineArn = '' } = await sfn.send(
    new CreateStateMachineCommand({
      name: `machine-${++machines}`,
      definition: JSON.stringify(definition),
      roleArn: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: machineArn, input: JSON.stringify({ given: 1 }) }),
  );
  return { sfn, machineArn, executionArn };
}

export async function ended(
  { sfn, executionArn }: { readonly sfn: SFNClient; readonly executionArn: string },
  timeoutMs?: number,
): Promise<DescribeExecutionCommandOutput> {
  return eventually(async () => {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  }, timeoutMs);
}

/** Runs a machine to its end. */
export async function runMachine(
  emulator: TestEmulator,
  states: Readonly<Record<string, State>>,
  settings?: Readonly<Record<string, unknown>>,
): Promise<DescribeExecutionCommandOutput> {
  return ended(await startMachine(emulator, states, settings));
}
