import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerRequest } from '../../../local/process-runtime/containers.ts';
import { ProcessRuntime } from '../../../local/process-runtime/server.ts';

const SHELL = 'shell:test';
let directory: string;
let socketPath: string;
let runtime: ProcessRuntime;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
  socketPath = path.join(directory, 'docker.sock');
  runtime = new ProcessRuntime({
    images: { [SHELL]: ['/bin/sh', '-c'] },
    environment: { PATH: '/usr/bin:/bin', FROM_IMAGE: 'yes', BOTH: 'image' },
    logDirectory: directory,
  });
  runtime.server.listen(socketPath);
  await once(runtime.server, 'listening');
});
afterEach(async () => {
  await runtime.close();
  await rm(directory, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

function call(method: string, route: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path: `/v1.43${route}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}

async function json(method: string, route: string, body?: object): Promise<Record<string, unknown>> {
  return JSON.parse((await call(method, route, body)).body.toString()) as Record<string, unknown>;
}

/** Creates and starts a container that runs a script. @returns its id */
async function start(script: string, more: Partial<ContainerRequest> = {}): Promise<string> {
  const { Id } = await json('POST', '/containers/create?name=test', { Image: SHELL, Cmd: [script], ...more });
  expect((await call('POST', `/containers/${String(Id)}/start`)).status).toBe(204);
  return String(Id);
}

async function exitCode(id: string): Promise<unknown> {
  return (await json('POST', `/containers/${id}/wait`))['StatusCode'];
}

/** Text by stream, taken out of Docker's frames. */
function unframe(bytes: Buffer): Record<number, string> {
  const streams: Record<number, string> = {};
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    const stream = bytes.readUInt8(at);
    streams[stream] = (streams[stream] ?? '') + bytes.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length;
  }
  return streams;
}

const logs = async (id: string, query = ''): Promise<Record<number, string>> =>
  unframe((await call('GET', `/containers/${id}/logs?stdout=1&stderr=1${query}`)).body);

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a container', () => {
  it("appends the command to the image's entry point and reports the exit code", async () => {
    const id = await start('exit 3');
    expect(await exitCode(id)).toBe(3);
    expect(await json('GET', `/containers/${id}/json`)).toMatchObject({ State: { Status: 'exited', ExitCode: 3 } });
  });

  it('may have an entry point of its own', async () => {
    const id = await start('%s', { Entrypoint: ['/usr/bin/printf'], Cmd: ['%s-', 'a', 'b'] });
    await exitCode(id);
    expect(await logs(id)).toEqual({ 1: 'a-b-' });
  });

  it('has the environment that it was given and nothing of ours', async () => {
    process.env['OF_THE_RUNTIME'] = 'must not be seen';
    const id = await start('env', { Env: ['OWN=a=b', 'BOTH=own'] });
    await exitCode(id);
    delete process.env['OF_THE_RUNTIME'];
    const lines = (await logs(id))[1]?.trim().split('\n') ?? [];
    const given = lines.filter((line) => !/^(PWD|SHLVL|TMPDIR|_)=/.test(line)).sort();
    expect(given).toEqual(['BOTH=own', 'FROM_IMAGE=yes', 'OWN=a=b', 'PATH=/usr/bin:/bin']);
  });

  it('has a temporary folder of its own, which goes with it', async () => {
    const id = await start('echo "$TMPDIR"; touch "$TMPDIR/left"; test -e "$TMPDIR/left"; kill -9 $$');
    expect(await exitCode(id)).toBe(137);
    const folder = (await logs(id))[1]?.trim() ?? '';
    expect(path.dirname(folder)).toBe(tmpdir());
    expect(existsSync(folder)).toBe(false);
  });

  it('is told to stop with SIGTERM, and its exit code is its own', async () => {
    const id = await start("trap 'exit 5' TERM; echo up; while :; do sleep 0.02; done");
    await until(async () => (await logs(id))[1] === 'up\n');
    expect((await call('POST', `/containers/${id}/stop?t=5`)).status).toBe(204);
    expect(await exitCode(id)).toBe(5);
  });

  it.each([
    { how: 'SIGTERM, which it does not handle', script: 'echo up; exec sleep 60', code: 143 },
    {
      how: 'SIGKILL after the time that it had',
      script: "trap '' TERM; echo up; while :; do sleep 0.02; done",
      code: 137,
    },
  ])('ends by $how', async ({ script, code }) => {
    const id = await start(script);
    await until(async () => (await logs(id))[1] === 'up\n');
    await call('POST', `/containers/${id}/stop?t=1`);
    expect(await exitCode(id)).toBe(code);
  });

  it.each([
    { where: 'in its process group', script: 'sleep 61 & echo $!; exit 0' },
    // As pg_dump is, which does not notice the worker's end while it waits for its server.
    { where: 'in a session of its own, when it is killed', script: 'setsid sleep 62 & echo $!; sleep 2; kill -9 $$' },
  ])('takes what it has started along: $where', async ({ script }) => {
    const id = await start(script);
    await exitCode(id);
    const pid = Number((await logs(id))[1]);
    expect(pid).toBeGreaterThan(1);
    await until(() => Promise.resolve(!isAlive(pid)));
  });

  it('writes both streams to frames and to one file', async () => {
    const id = await start('echo out; echo err >&2');
    await exitCode(id);
    expect(await logs(id)).toEqual({ 1: 'out\n', 2: 'err\n' });
    const file = await readFile(path.join(directory, `test-${id.slice(0, 12)}.log`), 'utf8');
    expect(file.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('can be followed to its end', async () => {
    const id = await start('echo one; sleep 0.3; echo two');
    expect(await logs(id, '&follow=1')).toEqual({ 1: 'one\ntwo\n' });
  });

  it('exits with 127 when its program is not there', async () => {
    const id = await start('', { Entrypoint: ['/no/such/program'] });
    expect(await exitCode(id)).toBe(127);
    expect((await logs(id))[2]).toContain('/no/such/program could not be run');
  });

  it('is not made from an unknown image', async () => {
    expect((await call('POST', '/containers/create?name=x', { Image: 'nobody/has:it' })).status).toBe(404);
    expect((await call('GET', '/images/nobody%2Fhas:it/json')).status).toBe(404);
  });
});

it('lists by label', async () => {
  const id = await start('sleep 60', { Labels: { owner: 'me' } });
  const list = async (filters: object): Promise<readonly { readonly Id: string }[]> =>
    JSON.parse(
      (await call('GET', `/containers/json?filters=${encodeURIComponent(JSON.stringify(filters))}`)).body.toString(),
    ) as { Id: string }[];
  expect((await list({ label: ['owner=me'] })).map(({ Id }) => Id)).toEqual([id]);
  expect(await list({ label: ['owner=you'] })).toEqual([]);
});

it('ends its containers when it is closed', async () => {
  const id = await start('echo $$; sleep 60; true');
  await until(async () => (await logs(id))[1] !== undefined);
  const pid = Number((await logs(id))[1]);
  await runtime.close();
  expect(isAlive(pid)).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
