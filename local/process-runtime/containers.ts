/**
 * Containers that are processes: what `docker create` and `docker start` would make of an image is here a command in a
 * process group of its own, with exactly the environment that was asked for.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { chmodSync, createWriteStream, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { hasCode } from '../error-code.ts';
import { watchDescendants } from './descendants.ts';

/** The part of Docker's `POST /containers/create` that is understood. */
export interface ContainerRequest {
  readonly Image: string;
  readonly Cmd?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly WorkingDir?: string | null;
  readonly HostConfig?: Readonly<Record<string, unknown>> | null;
}

export interface RuntimeSettings {
  /** Entry point of each image: program and its first arguments. */
  readonly images: Readonly<Record<string, readonly string[]>>;
  /** What an image would bring along; a container's own variables win. */
  readonly environment: Readonly<Record<string, string>>;
  /** One file per container: everything that it wrote. */
  readonly logDirectory: string;
}

export type Stream = 'stdout' | 'stderr';
type Status = 'created' | 'running' | 'exited';

interface ContainerEvents {
  readonly output: [Buffer];
  readonly exit: [];
}

/** Docker's codes for a program that is not there and for one that cannot be run. */
const EXIT_NOT_FOUND = 127;
const EXIT_NOT_EXECUTABLE = 126;
const SIGNAL_BASE = 128;

export class Container extends EventEmitter<ContainerEvents> {
  readonly id = randomBytes(32).toString('hex');
  readonly name: string;
  readonly request: ContainerRequest;
  readonly createdAt = new Date().toISOString();
  readonly logFile: string;
  readonly argv: readonly string[];
  status: Status = 'created';
  exitCode = 0;
  startedAt = '0001-01-01T00:00:00Z';
  finishedAt = '0001-01-01T00:00:00Z';
  /** All that it wrote, in Docker's framing. */
  readonly frames: Buffer[] = [];
  #settings: RuntimeSettings;
  #child: ChildProcess | undefined;
  #temporary = '';

  constructor(name: string, request: ContainerRequest, image: readonly string[], settings: RuntimeSettings) {
    super();
    this.setMaxListeners(0);
    this.name = name;
    this.request = request;
    this.#settings = settings;
    this.logFile = path.join(settings.logDirectory, `${name}-${this.id.slice(0, 12)}.log`);
    this.argv = commandOf(request, image);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; one that cannot be started is a container that has exited, with the reason in its log. */
  start(): void {
    const [program = '', ...args] = this.argv;
    const log = createWriteStream(this.logFile);
    this.#temporary = makeTemporary();
    const child = spawn(program, args, {
      env: { TMPDIR: this.#temporary, ...environmentOf(this.request, this.#settings.environment) },
      cwd: nonEmpty(this.request.WorkingDir) ?? '/',
      // A group of its own: to end a container is to end whatever it started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.status = 'running';
    this.startedAt = new Date().toISOString();
    child.stdout.on('data', (chunk: Buffer) => {
      this.#write('stdout', chunk, log);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#write('stderr', chunk, log);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      // Later errors are failed kills of a process that ended by itself.
      if (child.pid !== undefined) return;
      this.#write('stderr', Buffer.from(`${program} could not be run: ${error.message}\n`), log);
      this.#end(error.code === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, log);
    });
    const descendants = child.pid === undefined ? undefined : watchDescendants(child.pid);
    child.on('exit', () => {
      // PID 1 of a container takes its children along.
      this.signal('SIGKILL');
      descendants?.kill();
    });
    child.on('close', (code, signal) => {
      if (child.pid !== undefined) this.#end(code ?? SIGNAL_BASE + constants.signals[signal ?? 'SIGKILL'], log);
    });
  }

  /** SIGTERM, then SIGKILL after `graceMs`; returns when the process has ended. */
  async stop(graceMs: number): Promise<void> {
    if (this.status !== 'running') return;
    const ended = once(this, 'exit');
    this.signal('SIGTERM');
    const force = setTimeout(() => {
      this.signal('SIGKILL');
    }, graceMs);
    await ended;
    clearTimeout(force);
  }

  /** Sends a signal to the whole process group, if it still lives. */
  signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }

  async waitForExit(): Promise<number> {
    if (this.status !== 'exited') await once(this, 'exit');
    return this.exitCode;
  }

  #write(stream: Stream, chunk: Buffer, log: WriteStream): void {
    log.write(chunk);
    const framed = frame(stream, chunk);
    this.frames.push(framed);
    this.emit('output', framed);
  }

  #end(exitCode: number, log: WriteStream): void {
    log.end();
    rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 10 });
    this.exitCode = exitCode;
    this.status = 'exited';
    this.finishedAt = new Date().toISOString();
    this.emit('exit');
  }
}

/** What a container writes goes with it. PostgreSQL, started by root as somebody else, must get to its data in there. */
function makeTemporary(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'hf-container-'));
  chmodSync(directory, 0o711);
  return directory;
}

/** Docker's rule: the command is appended to the image's entry point; an entry point of its own replaces both. */
function commandOf(request: ContainerRequest, image: readonly string[]): readonly string[] {
  const entrypoint = request.Entrypoint?.length ? request.Entrypoint : image;
  return [...entrypoint, ...(request.Cmd ?? [])];
}

function environmentOf(request: ContainerRequest, base: Readonly<Record<string, string>>): Record<string, string> {
  const own = (request.Env ?? []).map((entry): [string, string] => {
    const separator = entry.indexOf('=');
    return separator === -1 ? [entry, ''] : [entry.slice(0, separator), entry.slice(separator + 1)];
  });
  return { ...base, ...Object.fromEntries(own) };
}

function nonEmpty(text: string | null | undefined): string | undefined {
  return text === '' || text === null ? undefined : text;
}

/** Docker's raw stream: one byte for the stream, three of zero, the length, the bytes. */
function frame(stream: Stream, chunk: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream === 'stdout' ? 1 : 2, 0);
  header.writeUInt32BE(chunk.length, 4);
  return Buffer.concat([header, chunk]);
}
