/** Statistics of what was restored: without them the first queries would be planned blindly. */
import { HoldfastError } from '../../../core/errors.ts';
import type { TocEntry } from '../../../core/postgres/restore/archive-toc.ts';
import { AS_ITS_OWNER } from '../../../core/postgres/restore/pg-restore-error.ts';
import { quoteName } from '../../../core/postgres/sql-quote.ts';
import type { Difference } from '../../../core/restore-record.ts';
import { sqlState } from '../connect-error.ts';
import type { Session } from '../session.ts';

/** A table, partitioned table or materialized view. */
interface Analyzable {
  readonly schema: string;
  readonly name: string;
}

/**
 * ANALYZE of a table with foreign partitions or heirs asks their servers, which a restore may not reach, and has no business
 * with.
 * @param tables undefined: all
 * @returns those that it had to leave alone
 * @throws RestoreFailed when an index is computed by what its owner may not call
 */
export async function analyze(session: Session, tables: readonly TocEntry[] | undefined): Promise<Difference[]> {
  const reachingOut = await session.rows<Analyzable>(`${REACHING_OUT} SELECT schema, name FROM out ORDER BY 1, 2`);
  const names = new Set(reachingOut.map(nameOf));
  const chosen = tables?.map(({ schema, tag }) => quoteName(schema, tag));
  for (const target of await targetsOf(session, chosen, names)) await analyzeOne(session, target);
  const detail = 'it has foreign partitions or heirs, whose servers ANALYZE would ask';
  return reachingOut
    .filter((table) => chosen?.includes(nameOf(table)) ?? true)
    .map(({ schema, name }) => ({ kind: 'not analyzed', object: `TABLE ${schema}.${name}`, detail }));
}

async function targetsOf(
  session: Session,
  chosen: readonly string[] | undefined,
  reachingOut: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (chosen !== undefined) return chosen.filter((name) => !reachingOut.has(name));
  if (reachingOut.size === 0) return [''];
  return (await session.rows<Analyzable>(OTHERS_SQL)).map(nameOf);
}

const nameOf = ({ schema, name }: Analyzable): string => quoteName(schema, name);

/** @param target empty: all of the database */
async function analyzeOne(session: Session, target: string): Promise<void> {
  await session.run(`ANALYZE ${target}`).catch((cause: unknown) => {
    throw cause instanceof Error && sqlState(cause) === '42501' ? analyzeRefused(target, cause) : cause;
  });
}

/** Expressions in indexes are computed for it. */
function analyzeRefused(target: string, cause: Error): HoldfastError {
  const message = `${`ANALYZE ${target}`.trim()} failed, which computes what indexes hold ${AS_ITS_OWNER}: ${cause.message}`;
  return new HoldfastError('RestoreFailed', message, { cause });
}

/** Whatever a foreign table is a partition or an heir of, at any distance. */
const REACHING_OUT = `
WITH RECURSIVE above AS (
  SELECT i.inhparent AS oid FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind = 'f'
  UNION
  SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN above ON above.oid = i.inhrelid
), out AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name FROM above
    JOIN pg_catalog.pg_class c ON c.oid = above.oid AND c.relkind <> 'f'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
)`;

/** A partitioned table means its partitions, so these are named only where it is not. */
const OTHERS_SQL = `${REACHING_OUT}
SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
 WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
   AND c.oid NOT IN (SELECT oid FROM out) AND (i.inhparent IS NULL OR i.inhparent IN (SELECT oid FROM out))
 ORDER BY c.oid`;
