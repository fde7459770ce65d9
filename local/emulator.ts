/** Starts the emulator of AWS: one process on 127.0.0.1 that keeps everything in memory. */
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { HoldfastError } from '../core/errors.ts';
import { startDaemon, waitUntilReady, type Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import type { Toolchain } from './toolchain.ts';

export const REGION = 'us-east-1';
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

export interface EmulatorOptions {
  readonly toolchain: Toolchain;
  /** Holds its log and its temporary files. */
  readonly directory: string;
  readonly port?: number;
  /** Where containers run, such as `unix:///…`; without it ECS tasks stay RUNNING for ever. */
  readonly dockerHost?: string;
  /** More variables for the emulator and so for every Lambda function. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of the process before it is ready, so that it can be ended whatever happens next. */
  readonly onStarted?: (daemon: Daemon) => Promise<void>;
  /** A mend to leave out, for the test that shows that it is needed. */
  readonly withoutMend?: string;
}

export interface Emulator {
  readonly endpoint: string;
  readonly daemon: Daemon;
  readonly logFile: string;
}

const LAUNCHER = path.join(import.meta.dirname, 'emulator', 'launcher.py');
const START_ATTEMPTS = 3;

/**
 * @throws InvalidInput when something listens on the port already;
 *   UnexpectedError with its log when it does not start, for example because a mend does not fit
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  if (options.port !== undefined) await refuseTakenPort(options.port);
  const temporary = path.join(options.directory, 'tmp');
  await mkdir(temporary, { recursive: true });
  const logFile = path.join(options.directory, 'emulator.log');
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const env = environmentOf(options, port, temporary);
    const daemon = await startDaemon('python3', [LAUNCHER], { logFile, cwd: options.directory, env });
    const endpoint = `http://127.0.0.1:${port}`;
    try {
      await options.onStarted?.(daemon);
      await waitUntilReady('emulator', daemon, logFile, () => serves(endpoint, logFile));
      return { endpoint, daemon, logFile };
    } catch (error) {
      // A free port may be taken by somebody else before the emulator binds it.
      const taken = error instanceof Error && error.message.includes('already in use');
      if (options.port !== undefined || !taken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

function environmentOf(options: EmulatorOptions, port: number, temporary: string): Record<string, string> {
  return {
    // Lambda functions run under the first `node` there is: the one that npm installed.
    PATH: `${path.join(import.meta.dirname, '..', 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
    HOME: process.env['HOME'] ?? '/',
    TMPDIR: temporary,
    PYTHONPATH: options.toolchain.pythonPackages,
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_REGION: REGION,
    // Listeners of its own that nothing here uses.
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    DOCKER_HOST: options.dockerHost ?? `unix://${path.join(temporary, 'no-containers.sock')}`,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...(options.withoutMend === undefined ? {} : { HOLDFAST_WITHOUT_MEND: options.withoutMend }),
    ...options.environment,
  };
}

async function refuseTakenPort(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  const taken = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  if (!taken) return;
  throw new HoldfastError('InvalidInput', `port ${port} is taken: give another one, or none to get a free one`);
}

/** An answer alone may be somebody else's, who took the port first: the log tells that this emulator has bound it. */
async function serves(endpoint: string, logFile: string): Promise<boolean> {
  const log = await readFile(logFile, 'utf8');
  return log.includes(`Running on ${endpoint} `) && (await answers(endpoint));
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(`${endpoint}/_ministack/health`).then(
    (response) => response.ok,
    () => false,
  );
}
