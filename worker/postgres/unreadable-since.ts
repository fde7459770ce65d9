/** Whether a role has lost, since a dump began, the right to read what is in it. */
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError } from '../../core/errors.ts';
import { PackedList } from '../../core/packed-list.ts';
import { listRelations, requireReadable, type Relation } from './relations.ts';
import { openSession, type SessionOptions } from './session.ts';
import type { Server } from './server.ts';

const TIME_ALLOWED_MS = 5_000;

interface BegunDump {
  readonly dump: Dump;
  /** What is in it. */
  readonly relations: Iterable<Relation>;
}

/**
 * Asks the server, in a session of its own: what pg_dump says of a refusal is in the server's language.
 * @returns TableUnreadable; undefined where all can be read, or the server does not say
 */
export async function unreadableSince(
  server: Server,
  { dump, relations }: BegunDump,
  options: SessionOptions & { readonly signal: AbortSignal },
): Promise<HoldfastError | undefined> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(TIME_ALLOWED_MS)]);
  try {
    const session = await openSession(server, { ...options, signal });
    try {
      await session.run('BEGIN READ ONLY');
      requireReadable(withoutOthers(await listRelations(session, dump), relations), server.user);
      return undefined;
    } finally {
      await session.close();
    }
  } catch (error) {
    // A server that cannot be asked is no reason of its own: pg_dump has failed, and has said why.
    return error instanceof HoldfastError && error.code === 'TableUnreadable' ? error : undefined;
  }
}

/** Some may have been made since. */
function withoutOthers(listed: Iterable<Relation>, wanted: Iterable<Relation>): Iterable<Relation> {
  const oids = new Set<number>();
  for (const { oid } of wanted) oids.add(oid);
  const found = new PackedList<Relation>();
  for (const relation of listed) if (oids.has(relation.oid)) found.add([relation]);
  return found;
}
