/** Archives of a real pg_dump, and the same with something missing or added. */
import { execa } from 'execa';
import { walkArchive } from '../../../core/postgres/archive-walker.ts';
import type { TestServer } from './worker-run.ts';

/** In the custom format. @param args such as `--dbname=postgres` */
export async function dumpWith(program: string, server: TestServer, args: readonly string[]): Promise<Buffer> {
  const env = { PGHOST: server.host, PGPORT: String(server.port), PGUSER: server.user, PGPASSWORD: server.password };
  const { stdout } = await execa(program, ['--format=custom', ...args], { env, encoding: 'buffer' });
  return Buffer.from(stdout);
}

/** Where the table of contents ends, and then each data block, or as many as are asked for. */
export function blockEnds(bytes: Buffer, count = Infinity): number[] {
  const walker = walkArchive();
  const ends: number[] = [];
  for (let at = 0; at < bytes.length && ends.length < count; at++) {
    walker.take(bytes.subarray(at, at + 1));
    if (walker.blocksDue !== null && walker.blocksDone === ends.length) ends.push(at + 1);
  }
  return ends;
}

/** @param index which data block, from 0 */
export function withoutBlock(bytes: Buffer, index: number): Buffer {
  const ends = blockEnds(bytes, index + 2);
  return Buffer.concat([bytes.subarray(0, ends[index]), bytes.subarray(ends[index + 1])]);
}
