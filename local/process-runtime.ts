/** Starts the runtime whose containers are processes; the emulator's ECS talks to it through a unix socket. */
import { mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startDaemon, waitUntilReady, type Daemon } from './daemon.ts';
import type { RuntimeSettings } from './process-runtime/containers.ts';

export interface ProcessRuntimeOptions {
  /** Holds settings and logs. */
  readonly directory: string;
  readonly socket: RuntimeSocket;
  /** Entry point of each image. */
  readonly images: RuntimeSettings['images'];
  /** What every container has in its environment beside its own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told of the process before it is ready, so that it can be ended whatever happens next. */
  readonly onStarted?: (daemon: Daemon) => Promise<void>;
}

export interface RunningProcessRuntime {
  readonly daemon: Daemon;
  /** One file per container. */
  readonly logDirectory: string;
}

export interface RuntimeSocket {
  readonly path: string;
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  /** What to remove at the end. */
  readonly remove: string;
}

/** The kernel's limit for the path of a unix socket is 107 bytes on Linux and 103 on macOS. */
const LONGEST_SOCKET_PATH_BYTES = 103;
const MAIN = path.join(import.meta.dirname, 'process-runtime', 'main.ts');

/** A place for the socket in `directory`, or in a new folder with a short path where that is too long. */
export async function placeSocket(directory: string): Promise<RuntimeSocket> {
  const near = path.join(directory, 'docker.sock');
  if (Buffer.byteLength(near) <= LONGEST_SOCKET_PATH_BYTES)
    return { path: near, dockerHost: `unix://${near}`, remove: near };
  const elsewhere = await mkdtemp(path.join(tmpdir(), 'hf-'));
  const socket = path.join(elsewhere, 'docker.sock');
  return { path: socket, dockerHost: `unix://${socket}`, remove: elsewhere };
}

/** @throws UnexpectedError with its log when it does not start */
export async function startProcessRuntime(options: ProcessRuntimeOptions): Promise<RunningProcessRuntime> {
  const { directory, images, environment, socket } = options;
  const logDirectory = path.join(directory, 'containers');
  await mkdir(logDirectory, { recursive: true });
  const settingsFile = path.join(directory, 'runtime.json');
  await writeFile(settingsFile, JSON.stringify({ socket: socket.path, images, environment, logDirectory }), {
    mode: 0o600,
  });
  const logFile = path.join(directory, 'runtime.log');
  const env = { PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir() };
  const daemon = await startDaemon(process.execPath, [MAIN, settingsFile], { logFile, cwd: directory, env });
  await options.onStarted?.(daemon);
  await waitUntilReady('container runtime', daemon, logFile, () => exists(socket.path));
  return { daemon, logDirectory };
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
