/** The containers that a stack started in an engine. */
import { runEngine } from '../../../local/docker-engine.ts';
import type { StackInfo } from '../../../local/stack.ts';

export interface Container {
  readonly id: string;
  readonly running: boolean;
  readonly exitCode: number;
}

/** Newest first. The emulator labels what it starts with its own address. */
export async function containersOf(host: string, { endpoint }: StackInfo): Promise<Container[]> {
  const label = 'ministack.instance';
  const format = `{{.Id}} {{.State.Running}} {{.State.ExitCode}} {{index .Config.Labels "${label}"}}`;
  const ids = await lines(host, ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${label}`]);
  if (ids.length === 0) return [];
  const rows = await lines(host, ['container', 'inspect', '--format', format, ...ids]);
  return rows
    .map((row) => row.split(' '))
    .filter(([, , , instance = '']) => instance.endsWith(`:${new URL(endpoint).port}`))
    .map(([id = '', running = '', exitCode = '']) => ({ id, running: running === 'true', exitCode: Number(exitCode) }));
}

/** SIGTERM now and SIGKILL much later, as ECS stops a task. */
export async function stopContainer(host: string, id: string): Promise<void> {
  await runEngine(host, ['stop', '--time', '60', id]);
}

/** The end of what each wrote, to stdout as to stderr. */
export async function logsOf(host: string, containers: readonly Container[]): Promise<string> {
  const logs = containers.map(async ({ id, exitCode }) => {
    const log = await runEngine(host, ['logs', '--tail', '20', id]);
    return `container ${id.slice(0, 12)}, exit code ${exitCode}:\n${log}`;
  });
  return (await Promise.all(logs)).join('\n');
}

async function lines(host: string, args: readonly string[]): Promise<string[]> {
  return (await runEngine(host, args)).split('\n').filter((line) => line !== '');
}
