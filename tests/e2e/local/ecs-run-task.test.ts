import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@jest/globals';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { registerScript, runTaskState } from './ecs.ts';
import { ended, runMachine, startMachine } from './machines.ts';
import { describeMend, eventually } from './mend-suite.ts';

/** Says in a file that it runs, and in another how it was ended. */
const untilStopped = (directory: string): string =>
  `trap 'touch ${directory}/told; exit 7' TERM; touch ${directory}/running; while :; do sleep 0.05; done`;

const appears = (file: string): Promise<true> =>
  eventually(() => Promise.resolve(existsSync(file) ? (true as const) : undefined), 2500);

describeMend('ecs_run_task', {
  'a task that exits 0 is the output, in PascalCase': async (emulator) => {
    await registerScript(emulator, 'good', 'exit 0');
    const { status, output = '' } = await runMachine(emulator, { Run: runTaskState('good') });
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output)).toMatchObject({
      LastStatus: 'STOPPED',
      StopCode: 'EssentialContainerExited',
      Containers: [{ Name: 'main', ExitCode: 0 }],
    });
  },

  'another exit code is States.TaskFailed with the task as its cause': async (emulator) => {
    await registerScript(emulator, 'bad', 'exit 3');
    const { status, error, cause = '' } = await runMachine(emulator, { Run: runTaskState('bad') });
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'States.TaskFailed' });
    expect(JSON.parse(cause)).toMatchObject({ Containers: [{ Name: 'main', ExitCode: 3 }] });
  },

  'an image that does not exist is States.TaskFailed': async (emulator) => {
    await registerScript(emulator, 'lost', 'exit 0', { image: 'nobody/has:it' });
    const { error, cause = '' } = await runMachine(emulator, { Run: runTaskState('lost') });
    expect(error).toBe('States.TaskFailed');
    expect(JSON.parse(cause)).toMatchObject({ StopCode: 'TaskFailedToStart' });
  },

  "a refusal of ECS has ECS's name": async (emulator) => {
    const { error } = await runMachine(emulator, { Run: runTaskState('never-registered') });
    expect(error).toBe('ECS.ClientException');
  },

  'a stopped execution stops its task': async (emulator) => {
    const directory = emulator.directory;
    await registerScript(emulator, 'stopped', untilStopped(directory));
    const execution = await startMachine(emulator, { Run: runTaskState('stopped') });
    await appears(path.join(directory, 'running'));
    await execution.sfn.send(new StopExecutionCommand({ executionArn: execution.executionArn }));
    await appears(path.join(directory, 'told'));
  },

  'a state that times out stops its task': async (emulator) => {
    const directory = path.join(emulator.directory, 'tmp');
    await registerScript(emulator, 'slow', untilStopped(directory));
    const execution = await startMachine(emulator, { Run: runTaskState('slow', { TimeoutSeconds: 1 }) });
    expect(await ended(execution)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    await appears(path.join(directory, 'told'));
  },
});
