import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from '@jest/globals';
import { DescribeTasksCommand, RunTaskCommand, StopTaskCommand, type ECSClient, type Task } from '@aws-sdk/client-ecs';
import { registerScript } from './ecs.ts';
import { describeMend, eventually } from './mend-suite.ts';
import type { TestEmulator } from './test-emulator.ts';

async function startTask(ecs: ECSClient, family: string): Promise<string> {
  const { tasks = [] } = await ecs.send(new RunTaskCommand({ cluster: 'test', taskDefinition: family }));
  return tasks[0]?.taskArn ?? '';
}

async function taskWith(ecs: ECSClient, task: string, lastStatus: string): Promise<Task> {
  return eventually(async () => {
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: 'test', tasks: [task] }));
    return tasks[0]?.lastStatus === lastStatus ? tasks[0] : undefined;
  });
}

/** What the one container of a task wrote. */
async function logOf(emulator: TestEmulator, task: string): Promise<string> {
  const logs = path.join(emulator.directory, 'containers');
  const id = task.split('/').at(-1)?.slice(0, 8) ?? '';
  const file = (await readdir(logs)).find((name) => name.includes(id)) ?? '';
  return readFile(path.join(logs, file), 'utf8');
}

describeMend('ecs_containers', {
  "entryPoint replaces the image's": async (emulator) => {
    const ecs = await registerScript(emulator, 'entry', 'one two', { entryPoint: ['/bin/echo', 'zero'] });
    const task = await startTask(ecs, 'entry');
    await taskWith(ecs, task, 'STOPPED');
    expect(await logOf(emulator, task)).toBe('zero one two\n');
  },

  'a container finds the emulator on this machine': async (emulator) => {
    const ecs = await registerScript(emulator, 'address', 'echo $AWS_ENDPOINT_URL');
    const task = await startTask(ecs, 'address');
    await taskWith(ecs, task, 'STOPPED');
    expect(await logOf(emulator, task)).toBe(`${emulator.endpoint}\n`);
  },

  'StopTask sends SIGTERM and reports the exit code': async (emulator) => {
    const ecs = await registerScript(emulator, 'polite', "trap 'exit 9' TERM; while :; do sleep 0.05; done");
    const task = await startTask(ecs, 'polite');
    await taskWith(ecs, task, 'RUNNING');
    await ecs.send(new StopTaskCommand({ cluster: 'test', task, reason: 'enough' }));
    expect(await taskWith(ecs, task, 'STOPPED')).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
      containers: [{ exitCode: 9 }],
    });
  },

  'after stopTimeout it is SIGKILL, exit code 137': async (emulator) => {
    const script = "trap '' TERM; while :; do sleep 0.05; done";
    const ecs = await registerScript(emulator, 'deaf', script, { stopTimeout: 2 });
    const task = await startTask(ecs, 'deaf');
    await taskWith(ecs, task, 'RUNNING');
    await ecs.send(new StopTaskCommand({ cluster: 'test', task }));
    expect(await taskWith(ecs, task, 'STOPPED')).toMatchObject({ containers: [{ exitCode: 137 }] });
  },
});
