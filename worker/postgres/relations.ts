/** The relations that pg_dump will read in the database of a session, and those of them that it cannot. */
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { PackedList } from '../../core/packed-list.ts';
import { quoteName } from '../../core/postgres/sql-quote.ts';
import {
  EXCLUSION_JOINS,
  exclusionValues,
  IS_EXCLUDED,
  MATCHES_EXCLUDED_DATA,
  MATCHES_EXCLUDED_TABLES,
} from './exclusions.ts';
import { packedRows } from './packed-rows.ts';
import type { Session } from './session.ts';

/** How many names an error shows; a list of 100,000 helps nobody. */
const NAMES_SHOWN_MAX = 10;

/** A relation as the catalog has it. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table, p partitioned table, S sequence. */
  readonly kind: 'r' | 'p' | 'S';
  /** The topmost partitioned table, of a partition or of a partitioned table; null where it is neither. */
  readonly rootSchema: string | null;
  readonly rootName: string | null;
  /** False where excludeTableData leaves its rows out. */
  readonly withRows: boolean;
  /** Made by an extension, which dumps its rows (`pg_extension_config_dump`), not its definition. */
  readonly ofExtension: boolean;
  /** `WHERE ...`: which of its rows an extension dumps; null: all. */
  readonly condition: string | null;
  readonly readable: boolean;
  /** Row-level security would hide rows of it from this user, so pg_dump refuses it. */
  readonly rowSecurity: boolean;
  /** A table or sequence whose rows a crash of the server takes, and that a replica does not have. */
  readonly unlogged: boolean;
  /** By the session that has listed it. */
  readonly locked: boolean;
  /** On the server's disk: the table with its TOAST, without indexes; 0 for all but tables that are locked. */
  readonly sizeBytes: number;
}

/**
 * Tables, partitioned tables and sequences as pg_dump selects them: those of the system are not dumped, nor what
 * excludeTables matches, and of those of an extension only what it names as its configuration.
 * @param session in a transaction
 */
export function listRelations(session: Session, dump: Dump): Promise<PackedList<Relation>> {
  return packedRows(session, RELATIONS_SQL, exclusionValues(dump));
}

/** pg_table_size waits for whoever has locked a table against readers, so it is asked only of those that are locked. */
const RELATIONS_SQL = `
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       CASE WHEN c.relispartition OR c.relkind = 'p' THEN root_schema.nspname END AS "rootSchema",
       CASE WHEN c.relispartition OR c.relkind = 'p' THEN root.relname END AS "rootName",
       NOT ${MATCHES_EXCLUDED_DATA} AS "withRows", member.is AS "ofExtension", NULLIF(config.condition, '') AS condition,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
                  ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END AS readable,
       c.relkind = 'r' AND pg_catalog.row_security_active(c.oid) AS "rowSecurity",
       c.relkind <> 'p' AND c.relpersistence = 'u' AS unlogged, lock.is AS locked,
       CASE WHEN lock.is AND c.relkind = 'r' THEN pg_catalog.pg_table_size(c.oid)::float8 ELSE 0 END AS "sizeBytes"
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class root
    ON root.oid = CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid) ELSE c.oid END
  JOIN pg_catalog.pg_namespace root_schema ON root_schema.oid = root.relnamespace
  CROSS JOIN LATERAL (SELECT c.oid IN (
      SELECT relation FROM pg_catalog.pg_locks
       WHERE locktype = 'relation' AND granted AND pid = pg_catalog.pg_backend_pid()
         AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) AS is) lock
  ${EXCLUSION_JOINS}
 WHERE c.relkind IN ('r', 'p', 'S')
   AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND CASE WHEN member.is THEN config.oid IS NOT NULL AND NOT ${MATCHES_EXCLUDED_TABLES} AND NOT ${MATCHES_EXCLUDED_DATA}
            ELSE NOT ${IS_EXCLUDED} END
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** Without sequences. */
export function* tablesOf(relations: Iterable<Relation>): Generator<Relation, void> {
  for (const relation of relations) if (relation.kind !== 'S') yield relation;
}

/** A partitioned table is one, with all its partitions. */
export function countTables(relations: Iterable<Relation>): number {
  let alone = 0;
  const partitioned = new Set<string>();
  for (const { rootSchema, rootName } of tablesOf(relations)) {
    if (rootSchema === null || rootName === null) alone += 1;
    else partitioned.add(quoteName(rootSchema, rootName));
  }
  return alone + partitioned.size;
}

/** @throws TableUnreadable with the first names: known here, before pg_dump has started */
export function requireReadable(relations: Iterable<Relation>, user: string): void {
  const unreadable = namesWhere(relations, ({ kind, readable, withRows }) => !readable && (withRows || kind !== 'S'));
  if (unreadable !== undefined) {
    const message = `${user} may not read ${unreadable}: grant SELECT, and USAGE on the schema, or pg_read_all_data`;
    throw new HoldfastError('TableUnreadable', message);
  }
  const hidden = namesWhere(relations, ({ rowSecurity, withRows }) => rowSecurity && withRows);
  if (hidden !== undefined) {
    const message = `row-level security hides rows of ${hidden} from ${user}: give the user BYPASSRLS`;
    throw new HoldfastError('TableUnreadable', message);
  }
}

/**
 * A replica has no rows of unlogged tables, and pg_dump leaves them out there without a word.
 * @returns a warning where they are in the dump
 * @throws TableUnreadable on a replica
 */
export function unloggedWarning(relations: Iterable<Relation>, isReplica: boolean): string[] {
  const names = namesWhere(relations, ({ unlogged, withRows }) => unlogged && withRows);
  if (names === undefined) return [];
  if (!isReplica) return [`unlogged, so empty after a crash and in a snapshot of the server: ${names}`];
  const message = `a replica has no rows of what is unlogged: ${names}: dump from the primary, or leave them out with excludeTableData`;
  throw new HoldfastError('TableUnreadable', message);
}

/** Large objects have privileges of their own, which pg_read_all_data does not include. @throws TableUnreadable */
export async function requireReadableLargeObjects(session: Session, user: string): Promise<void> {
  const unreadable = await session.rows<{ oid: number }>(UNREADABLE_LARGE_OBJECTS_SQL, [NAMES_SHOWN_MAX + 1]);
  if (unreadable.length === 0) return;
  const names = list(unreadable.map(({ oid }) => String(oid)));
  throw new HoldfastError(
    'TableUnreadable',
    `${user} may not read large objects ${names}: grant SELECT ON LARGE OBJECT`,
  );
}

const UNREADABLE_LARGE_OBJECTS_SQL = `
SELECT lo.oid
  FROM pg_catalog.pg_largeobject_metadata lo
 WHERE NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
   AND NOT pg_catalog.pg_has_role(lo.lomowner, 'USAGE')
   AND pg_catalog.current_setting('lo_compat_privileges') <> 'on'
   AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(lo.lomacl) acl
                    WHERE acl.privilege_type = 'SELECT'
                      AND (acl.grantee = 0 OR pg_catalog.pg_has_role(acl.grantee, 'USAGE')))
 ORDER BY lo.oid
 LIMIT $1`;

/** The first names; undefined: there is none. */
function namesWhere(relations: Iterable<Relation>, isMeant: (relation: Relation) => boolean): string | undefined {
  const names: string[] = [];
  for (const relation of relations) {
    if (isMeant(relation)) names.push(`${relation.schema}.${relation.name}`);
    if (names.length > NAMES_SHOWN_MAX) break;
  }
  return names.length === 0 ? undefined : list(names);
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown} and more` : shown;
}
