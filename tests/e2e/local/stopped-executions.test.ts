import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { expect } from '@jest/globals';
import { DescribeExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { createFunction, invokeState } from './lambda.ts';
import { startMachine, type State } from './machines.ts';
import { describeMend, eventually } from './mend-suite.ts';
import type { TestEmulator } from './test-emulator.ts';

/** Stops a machine while its function runs, and waits until that function and what might follow are over. */
async function stopDuring(
  emulator: TestEmulator,
  states: (marker: string) => Record<string, State>,
): Promise<{ status?: string | undefined; wentOn: boolean }> {
  const name = `step-${Math.random().toString(36).slice(2)}`;
  const entered = path.join(emulator.directory, `${name}-entered`);
  const marker = path.join(emulator.directory, `${name}-went-on`);
  const touch = (file: string): string => `require('node:fs').writeFileSync('${file}', '');`;
  const require = "const { createRequire } = await import('node:module'); const require = createRequire('/');";
  const body = `${require} if (event.then) { ${touch(marker)} return event; } ${touch(entered)} await new Promise((done) => setTimeout(done, 600)); if (event.fail) throw new Error('late'); return event;`;
  await createFunction(emulator, name, body);
  const execution = await startMachine(emulator, states(name));
  await eventually(() => Promise.resolve(existsSync(entered) || undefined));
  await execution.sfn.send(new StopExecutionCommand({ executionArn: execution.executionArn }));
  await sleep(1500);
  const { status } = await execution.sfn.send(new DescribeExecutionCommand({ executionArn: execution.executionArn }));
  return { status, wentOn: existsSync(marker) };
}

const invoke = (name: string, payload: State, more: State = {}): State =>
  invokeState(name, { Arguments: { FunctionName: name, Payload: payload }, ...more });

const within = (states: Record<string, State>, more: State = {}): State => ({
  Type: 'Parallel',
  Branches: [{ StartAt: Object.keys(states)[0], States: states }],
  End: true,
  ...more,
});

describeMend('stopped_executions', {
  'a branch enters no further state': async (emulator) => {
    const { wentOn } = await stopDuring(emulator, (name) => ({
      All: within({
        First: invoke(name, {}, { End: undefined, Next: 'Second' }),
        Second: invoke(name, { then: true }),
      }),
    }));
    expect(wentOn).toBe(false);
  },

  'an error that comes later leaves it ABORTED': async (emulator) => {
    const { status } = await stopDuring(emulator, (name) => ({ First: invoke(name, { fail: true }) }));
    expect(status).toBe('ABORTED');
  },
});
