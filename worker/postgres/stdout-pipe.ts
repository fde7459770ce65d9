/**
 * What a client program writes to stdout, read into one buffer again and again. The pipe that spawn makes gives each read
 * memory of its own: a third more processor time, and garbage as fast as the dump is.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HoldfastError, causeChain } from '../../core/errors.ts';

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
  /** Closes both ends; a `pump` that goes on rejects. */
  destroy(): void;
}

/**
 * Node makes no pipe that it reads into a given buffer, but connects such a socket; nobody else gets at its folder.
 * @throws DumpFailed when the folder or the socket in it cannot be made
 */
export async function openStdoutPipe(parent = tmpdir()): Promise<StdoutPipe> {
  const directory = await makeFolder(parent);
  const server = createServer();
  let reader: Reader | undefined;
  try {
    const socketFile = path.join(directory, 'socket');
    server.listen(socketFile);
    await once(server, 'listening');
    const opened = new Reader(socketFile);
    reader = opened;
    const [[childEnd]] = (await Promise.all([once(server, 'connection'), opened.connected])) as [[Socket], unknown];
    const destroy = (): void => {
      childEnd.destroy();
      opened.destroy();
    };
    return { childEnd, pump: (take) => opened.pump(take), destroy };
  } catch (cause) {
    reader?.destroy();
    const message = `${directory} took no socket that the dump is read from: ${causeChain(cause)}`;
    throw new HoldfastError('DumpFailed', message, { cause });
  } finally {
    server.close();
    await rm(directory, { recursive: true });
  }
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(path.join(parent, 'holdfast-stdout-'));
  } catch (cause) {
    const message = `${parent} took no folder for a socket that the dump is read from: ${String(cause)}`;
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

  destroy(): void {
    this.#socket.destroy();
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
