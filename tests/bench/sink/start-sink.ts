/** The sink, seen from the bench. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import * as z from 'zod';
import { STATUS_PATH } from './server.ts';

const MICROSECONDS = 1e6;

export const BUCKET = 'bench';

const Status = z.object({
  objects: z.array(z.object({ key: z.string(), sizeBytes: z.int(), crc32: z.string() })),
  /** Keys of uploads that were neither completed nor aborted. */
  openUploads: z.array(z.string()),
  cpu: z.object({ user: z.number(), system: z.number() }),
});

export interface SinkStatus extends Pick<z.infer<typeof Status>, 'objects' | 'openUploads'> {
  /** Since its start. */
  readonly cpuSeconds: number;
}

export interface Sink {
  readonly endpoint: string;
  status(): Promise<SinkStatus>;
  /** Objects and uploads are as if they had never been. */
  reset(): Promise<SinkStatus>;
  stop(): Promise<void>;
}

/** @param directory where it keeps objects; undefined: it throws them away */
export async function startSink(directory?: string): Promise<Sink> {
  const program = path.join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [program, ...(directory === undefined ? [] : [directory])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const endpoint = `http://127.0.0.1:${port.toString().trim()}`;
  const ask = async (method: string): Promise<SinkStatus> => {
    const response = await fetch(`${endpoint}${STATUS_PATH}`, { method });
    const { objects, openUploads, cpu } = Status.parse(await response.json());
    return { objects, openUploads, cpuSeconds: (cpu.user + cpu.system) / MICROSECONDS };
  };
  return {
    endpoint,
    status: () => ask('GET'),
    reset: () => ask('DELETE'),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
