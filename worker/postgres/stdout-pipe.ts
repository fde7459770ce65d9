/**
 * What a client program writes to stdout, read into one buffer again and again. The pipe that spawn makes gives each read
 * memory of its own: a third more processor time, and garbage as fast as the dump is.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../../core/errors.ts';

/** What one read of a full socket brings; larger ones were no faster. */
const READ_BYTES = 64 * 1024;

export interface StdoutPipe {
  /** For spawn's `stdio`; to be destroyed when the program has it, or the end would never come. */
  readonly childEnd: Socket;
  /**
   * Reads to the end, which comes when nobody can write any more.
   * @param take may keep nothing of a chunk; where it returns a promise, reading waits for that
   * @throws what `take` throws, or an error of reading
   */
  pump(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void>;
}

/**
 * Node makes no pipe that it reads into a given buffer, but connects such a socket; nobody else gets at its folder.
 * @throws DumpFailed when the folder cannot be made
 */
export async function openStdoutPipe(): Promise<StdoutPipe> {
  const directory = await makeFolder();
  const server = createServer();
  try {
    const socketFile = path.join(directory, 'socket');
    server.listen(socketFile);
    await once(server, 'listening');
    const reader = new Reader(socketFile);
    const [[childEnd]] = (await Promise.all([once(server, 'connection'), reader.connected])) as [[Socket], unknown];
    return { childEnd, pump: (take) => reader.pump(take) };
  } finally {
    server.close();
    await rm(directory, { recursive: true });
  }
}

async function makeFolder(): Promise<string> {
  try {
    return await mkdtemp(path.join(tmpdir(), 'holdfast-stdout-'));
  } catch (cause) {
    const message = `${tmpdir()} took no folder for a socket that the dump is read from: ${String(cause)}`;
    throw new HoldfastError('DumpFailed', message, { cause });
  }
}

class Reader {
  readonly connected: Promise<unknown>;
  readonly #socket: Socket;
  #onRead: ((chunk: Buffer) => boolean) | undefined;

  constructor(socketFile: string) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    // False stops reading until `resume`.
    const callback = (sizeBytes: number): boolean => this.#onRead?.(buffer.subarray(0, sizeBytes)) ?? false;
    this.#socket = connect({ path: socketFile, onread: { buffer, callback } });
    this.#socket.pause();
    this.connected = once(this.#socket, 'connect');
  }

  pump(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error instanceof Error ? error : new TypeError(`thrown: ${String(error)}`));
        socket.destroy();
      };
      this.#onRead = (chunk) => {
        try {
          const taken = take(chunk);
          taken?.then(() => socket.resume(), fail);
          return taken === undefined;
        } catch (error) {
          fail(error);
          return false;
        }
      };
      socket.once('end', resolve);
      socket.once('error', fail);
      socket.once('close', () => {
        reject(new Error('the pipe was closed before its end'));
      });
      socket.resume();
    });
  }
}
