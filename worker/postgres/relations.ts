/** The relations that pg_dump will read in the database of a session, and those of them that it cannot. */
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError } from '../../core/errors.ts';
import { parseNamePattern } from '../../core/postgres/name-pattern.ts';
import type { Session } from './session.ts';

/** How many names an error shows; a list of 100,000 helps nobody. */
const NAMES_SHOWN_MAX = 10;

/** A relation as the catalog has it; its size is asked for when it is locked. */
export interface ListedRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table, p partitioned table, S sequence. */
  readonly kind: 'r' | 'p' | 'S';
  /** The topmost partitioned table for a partition, else the relation itself. */
  readonly rootSchema: string;
  readonly rootName: string;
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
}

export interface Relation extends ListedRelation {
  /** On the server's disk: the table with its TOAST, without indexes; 0 for sequences and partitioned tables. */
  readonly sizeBytes: number;
}

/**
 * Tables, partitioned tables and sequences as pg_dump selects them: those of the system are not dumped, nor what
 * excludeTables matches, and of those of an extension only what it names as its configuration.
 */
export async function listRelations(session: Session, dump: Dump): Promise<ListedRelation[]> {
  return session.rows<ListedRelation>(RELATIONS_SQL, [
    JSON.stringify(dump.excludeTables.map(parseNamePattern)),
    JSON.stringify(dump.excludeTableData.map(parseNamePattern)),
  ]);
}

/** To be asked of locked tables only: the function waits for whoever has locked one against readers. */
export async function measureRelations(session: Session, listed: readonly ListedRelation[]): Promise<Relation[]> {
  const tables = listed.filter(({ kind }) => kind === 'r').map(({ oid }) => oid);
  const sizes = await session.rows<{ oid: number; bytes: string | null }>(
    'SELECT oid, pg_catalog.pg_table_size(oid) AS bytes FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS oid',
    [tables],
  );
  const bytesOf = new Map(sizes.map(({ oid, bytes }) => [oid, Number(bytes)]));
  return listed.map((relation) => ({ ...relation, sizeBytes: bytesOf.get(relation.oid) ?? 0 }));
}

/** A pattern without a schema matches what is visible in the search_path that the role and the database set. */
const matches = (parameter: string): string => `EXISTS (
  SELECT FROM pg_catalog.jsonb_to_recordset(${parameter}::jsonb) AS pattern(schema text, name text)
   WHERE c.relname ~ pattern.name
     AND CASE WHEN pattern.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
              ELSE n.nspname ~ pattern.schema END)`;

const RELATIONS_SQL = `
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       root_schema.nspname AS "rootSchema", root.relname AS "rootName",
       NOT ${matches('$2')} AS "withRows", member.is AS "ofExtension", NULLIF(config.condition, '') AS condition,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
                  ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END AS readable,
       c.relkind = 'r' AND pg_catalog.row_security_active(c.oid) AS "rowSecurity",
       c.relkind <> 'p' AND c.relpersistence = 'u' AS unlogged
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class root
    ON root.oid = CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid) ELSE c.oid END
  JOIN pg_catalog.pg_namespace root_schema ON root_schema.oid = root.relnamespace
  CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                                        AND d.objid = c.oid AND d.deptype = 'e') AS is) member
  LEFT JOIN (SELECT pg_catalog.unnest(extconfig) AS oid, pg_catalog.unnest(extcondition) AS condition
               FROM pg_catalog.pg_extension) config ON config.oid = c.oid
 WHERE c.relkind IN ('r', 'p', 'S')
   AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND (NOT member.is OR config.oid IS NOT NULL AND NOT ${matches('$2')})
   AND NOT ${matches('$1')}
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** @throws TableUnreadable with the first names: known here, before pg_dump has started */
export function requireReadable(relations: readonly ListedRelation[], user: string): void {
  const needed = relations.filter(({ withRows }) => withRows);
  const unreadable = relations.filter(({ kind, readable, withRows }) => !readable && (withRows || kind !== 'S'));
  if (unreadable.length > 0) {
    const message = `${user} may not read ${namesOf(unreadable)}: grant SELECT, and USAGE on the schema, or pg_read_all_data`;
    throw new HoldfastError('TableUnreadable', message);
  }
  const hidden = needed.filter(({ rowSecurity }) => rowSecurity);
  if (hidden.length > 0) {
    const message = `row-level security hides rows of ${namesOf(hidden)} from ${user}: give the user BYPASSRLS`;
    throw new HoldfastError('TableUnreadable', message);
  }
}

/**
 * A replica has no rows of unlogged tables, and pg_dump leaves them out there without a word.
 * @returns a warning where they are in the dump
 * @throws TableUnreadable on a replica
 */
export function unloggedWarning(relations: readonly ListedRelation[], isReplica: boolean): string[] {
  const unlogged = relations.filter((relation) => relation.unlogged && relation.withRows);
  if (unlogged.length === 0) return [];
  const names = namesOf(unlogged);
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

function namesOf(relations: readonly ListedRelation[]): string {
  return list(relations.map(({ schema, name }) => `${schema}.${name}`));
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown} and more` : shown;
}
