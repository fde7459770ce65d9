import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ListTablesCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { runCommand } from '../../../local/run-command.ts';
import { describeStack, startStack, stopStack, type StackInfo } from '../../../local/stack.ts';

const CHECKOUT = path.join(import.meta.dirname, '../../..');
/** Two deployments at once, and on a new machine the toolchain. */
const UP_TIMEOUT_MS = 300_000;

const CONFIG = (source: string): string =>
  `sources: { ${source}: { type: postgres, connection: { secret: any, host: 127.0.0.1, sslMode: disable } } }\n`;

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** The command line as a person uses it, from another folder than the checkout. */
const local = (...args: string[]): Promise<string> =>
  runCommand('node', [path.join(CHECKOUT, 'local/bootstrap.mjs'), path.join(CHECKOUT, 'local/main.ts'), ...args], {
    cwd: parent,
  });

/** Runs `up` with pipes as a person's program would. @returns when nobody holds these pipes any more */
function exitOfUp(...args: string[]): Promise<number | null> {
  const script = [path.join(CHECKOUT, 'local/bootstrap.mjs'), path.join(CHECKOUT, 'local/main.ts'), 'up'];
  const child = spawn('node', [...script, ...args], { cwd: parent, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  return new Promise((resolve) => child.on('close', resolve));
}

async function tables(info: StackInfo): Promise<readonly string[] | undefined> {
  const { endpoint, region, accessKeyId, secretAccessKey } = info;
  const client = new DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  return (await client.send(new ListTablesCommand())).TableNames;
}

describe('two stacks from one checkout', () => {
  // Longer than the path of a unix socket may be.
  const one = (): string => path.join(parent, 'one'.repeat(40));
  const two = (): string => path.join(parent, 'two');
  let info: StackInfo;
  let exitCode: number | null;

  beforeAll(async () => {
    await runCommand('mkdir', [one(), two()]);
    await writeFile(path.join(one(), 'holdfast.yml'), CONFIG('first'));
    await writeFile(path.join(two(), 'holdfast.yml'), CONFIG('second'));
    const [code, started] = await Promise.all([
      exitOfUp('--state', one(), '--config', path.join(one(), 'holdfast.yml')),
      startStack({
        directory: two(),
        configFile: path.join(two(), 'holdfast.yml'),
        endpointOverrides: { s3: 'http://127.0.0.1:9' },
      }),
    ]);
    exitCode = code;
    info = started;
  }, UP_TIMEOUT_MS);
  afterAll(async () => {
    await stopStack(one());
    await stopStack(two());
  }, UP_TIMEOUT_MS);

  it('return from up with nothing of the caller kept open', () => {
    expect(exitCode).toBe(0);
  });

  it('are both described, each with its own', async () => {
    const first = JSON.parse(await local('status', '--json', '--state', one())) as StackInfo;
    expect(first).toEqual({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: 'us-east-1',
      accessKeyId: 'test',
      secretAccessKey: 'test',
      stateMachines: {
        backup: expect.stringMatching(/:stateMachine:holdfast-local-backup$/),
        restore: expect.stringMatching(/:stateMachine:holdfast-local-restore$/),
        restoreTest: expect.stringMatching(/:stateMachine:holdfast-local-restore-test$/),
      },
      bucket: expect.any(String),
      table: expect.any(String),
      topic: expect.stringContaining(':sns:'),
      mailbox: expect.stringContaining(first.endpoint),
      endpoints: {},
    });
    expect(info).toMatchObject({ endpoints: { s3: 'http://127.0.0.1:9' } });
    expect(info.endpoint).not.toBe(first.endpoint);
    expect(await tables(first)).toEqual([first.table]);
    expect(await tables(info)).toEqual([info.table]);
  });

  it('refuse a second start in the same folder', async () => {
    const again = startStack({ directory: one(), configFile: path.join(one(), 'holdfast.yml') });
    await expect(again).rejects.toThrow(/a stack runs in .* already/);
    await expect(describeStack(one())).resolves.toBeDefined();
  });

  it('end one by one, and leave what else is in the folder', async () => {
    await local('down', '--state', one());
    await expect(describeStack(one())).rejects.toThrow(/there is no stack/);
    expect(await readFile(path.join(one(), 'holdfast.yml'), 'utf8')).toBe(CONFIG('first'));
    expect(existsSync(path.join(one(), 'stack.json'))).toBe(false);
    expect(await tables(await describeStack(two()))).toEqual([info.table]);
  });

  it('are found dead when somebody else has ended them', async () => {
    const { daemons } = JSON.parse(await readFile(path.join(two(), 'stack.json'), 'utf8')) as {
      daemons: { pid: number }[];
    };
    for (const { pid } of daemons) process.kill(pid, 'SIGKILL');
    for (const { pid } of daemons) await gone(pid);
    await expect(describeStack(two())).rejects.toThrow(/has ended/);
    expect(await stopStack(two())).toBe(true);
  });
});

/** A killed process is there until its parent has taken note of it. */
async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await sleep(20);
}

describe('startStack', () => {
  it('refuses an endpoint that is not on this machine', async () => {
    const started = startStack({ directory: parent, endpointOverrides: { s3: 'https://s3.us-east-1.amazonaws.com' } });
    await expect(started).rejects.toThrow(/endpoint "https:.*" of s3 is not on this machine/);
  });

  it('refuses a configuration that is not there', async () => {
    const started = startStack({ directory: parent, configFile: path.join(parent, 'none.yml') });
    await expect(started).rejects.toThrow(/there is no configuration file .*none\.yml/);
  });

  it(
    'leaves nothing behind when the configuration is bad',
    async () => {
      const directory = path.join(parent, 'bad');
      const configFile = path.join(parent, 'bad.yml');
      await writeFile(configFile, 'sources: { Bad: { type: postgres } }\n');
      await expect(startStack({ directory, configFile })).rejects.toMatchObject({ code: 'InvalidConfig' });
      expect(existsSync(path.join(directory, 'stack.json'))).toBe(false);
    },
    UP_TIMEOUT_MS,
  );
});
