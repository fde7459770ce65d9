import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A root whose pg_dump of major 17 is the real one of another root, some seconds late. */
export async function lateClient(pgRoot: string, delaySeconds: number): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'holdfast-clients-'));
  const bin = path.join(root, '17', 'bin');
  await mkdir(bin, { recursive: true });
  const program = path.join(bin, 'pg_dump');
  const wait = `[ "$1" = --version ] || sleep ${delaySeconds}`;
  await writeFile(program, `#!/bin/sh\n${wait}\nexec '${pgRoot}/17/bin/pg_dump' "$@"\n`);
  await chmod(program, 0o755);
  return root;
}
