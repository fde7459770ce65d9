import { runCommand } from './run-command.ts';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** The user to run Postgres as, which refuses to run as root; undefined where the caller is not root and runs it itself. */
export async function unprivilegedUser(): Promise<UserIds | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}

async function idOf(kind: '-u' | '-g'): Promise<number> {
  const id = Number((await runCommand('id', [kind, 'nobody'])).trim());
  // macOS calls nobody -2, which the kernel takes as an unsigned number.
  return id < 0 ? 2 ** 32 + id : id;
}
