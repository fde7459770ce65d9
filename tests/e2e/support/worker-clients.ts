/** Folders of client programs as HOLDFAST_PG_ROOT names them, other than the real one. */
import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MISBEHAVE = path.join(import.meta.dirname, '../../fixtures/pg-dump/misbehave.sh');

/**
 * A root whose only client, of major 17, behaves as tests/fixtures/pg-dump/misbehave.sh describes.
 * @param archive what it writes
 */
export async function misbehavingClient(behaviour: string, archive: Uint8Array): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'holdfast-clients-'));
  const bin = path.join(root, '17', 'bin');
  await mkdir(bin, { recursive: true });
  const program = path.join(bin, 'pg_dump');
  await writeFile(path.join(root, 'archive'), archive);
  await writeFile(program, `#!/bin/sh\nexec '${MISBEHAVE}' ${behaviour} '${root}/archive' "$@"\n`);
  await chmod(program, 0o755);
  return root;
}

/** A root that has some of the majors of another one. */
export async function someClients(pgRoot: string, majors: readonly number[]): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'holdfast-clients-'));
  for (const major of majors) await symlink(path.join(pgRoot, String(major)), path.join(root, String(major)));
  return root;
}

/**
 * A root whose only client runs a line of shell, and then is the real one of another root.
 * @param translation an expression of sed for what that says to stderr, as a server in another language would have it said
 */
export async function clientAfter(
  pgRoot: string,
  major: number,
  script: string,
  translation?: string,
): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'holdfast-clients-'));
  const bin = path.join(root, String(major), 'bin');
  await mkdir(bin, { recursive: true });
  const program = path.join(bin, 'pg_dump');
  const real = `'${path.join(pgRoot, String(major), 'bin/pg_dump')}' "$@"`;
  const translated = `${real} 2>"$0.said"; code=$?; sed '${translation ?? ''}' "$0.said" >&2; exit $code`;
  const last = translation === undefined ? `exec ${real}` : translated;
  await writeFile(program, `#!/bin/sh\n[ "$1" = --version ] && exec ${real}\n${script}\n${last}\n`);
  await chmod(program, 0o755);
  return root;
}
