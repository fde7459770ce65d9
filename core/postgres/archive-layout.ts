/**
 * What the head of a custom-format archive is made of, field by field: WriteHead and WriteToc of pg_backup_archiver.c in
 * PostgreSQL 12 to 18. Whoever reads a head, at once or while it passes by, follows these lists.
 */

export const MAGIC = 'PGDMP';
const MAJOR = 1;
/** 1.14 is written by the majors 12 to 15, 1.15 by 16, 1.16 by 17 and 18. */
const MINOR_MIN = 14;
const MINOR_MAX = 16;

/** In bytes; they are in the header, and pg_dump was never built with others. */
export const INT_SIZE = 4;
export const OFFSET_SIZE = 8;
export const FORMAT_CUSTOM = 1;

/**
 * int: a byte with the sign, then the amount, its lowest byte first. text: its length as an int, -1 where there is none,
 * then its bytes. list: texts, until there is none. offset: a flag of OFFSET_FLAGS, then OFFSET_SIZE bytes.
 */
export type FieldType = 'byte' | 'int' | 'text' | 'list' | 'offset';

export interface Field<Name extends string = string> {
  readonly name: Name;
  readonly type: FieldType;
  /** The first and the last minor version that have it; undefined: all do. */
  readonly since?: number;
  readonly until?: number;
}

/** No offset is known, one is, or the entry has no data: K_OFFSET_* of pg_backup_archiver.h. */
export const OFFSET_FLAGS = { notSet: 1, set: 2, noData: 3 } as const;

/** After the magic and the three bytes of the version come three more, for INT_SIZE, OFFSET_SIZE and the format, then these. */
export const HEADER_FIELDS = [
  { name: 'compressionLevel', type: 'int', until: 14 },
  { name: 'compression', type: 'byte', since: 15 },
  { name: 'second', type: 'int' },
  { name: 'minute', type: 'int' },
  { name: 'hour', type: 'int' },
  { name: 'day', type: 'int' },
  { name: 'month', type: 'int' },
  { name: 'year', type: 'int' },
  { name: 'summerTime', type: 'int' },
  { name: 'database', type: 'text' },
  { name: 'serverVersion', type: 'text' },
  { name: 'dumpVersion', type: 'text' },
] as const satisfies readonly Field[];

/** Of each entry; an int before the first says how many there are. */
export const ENTRY_FIELDS = [
  { name: 'dumpId', type: 'int' },
  { name: 'hasData', type: 'int' },
  { name: 'catalogOid', type: 'text' },
  { name: 'oid', type: 'text' },
  { name: 'tag', type: 'text' },
  { name: 'kind', type: 'text' },
  { name: 'section', type: 'int' },
  { name: 'definition', type: 'text' },
  { name: 'dropStatement', type: 'text' },
  { name: 'copyStatement', type: 'text' },
  { name: 'schema', type: 'text' },
  { name: 'tablespace', type: 'text' },
  { name: 'accessMethod', type: 'text' },
  { name: 'relkind', type: 'int', since: 16 },
  { name: 'owner', type: 'text' },
  { name: 'hasOids', type: 'text' },
  { name: 'needs', type: 'list' },
  { name: 'dataAt', type: 'offset' },
] as const satisfies readonly Field[];

/** Those that an archive of that minor version has. */
export function fieldsOf<Name extends string>(fields: readonly Field<Name>[], minor: number): readonly Field<Name>[] {
  return fields.filter(({ since = minor, until = minor }) => since <= minor && minor <= until);
}

/** @param version such as `1.16` @returns the minor version, or undefined where nothing is known of what follows */
export function knownMinor(version: string): number | undefined {
  const [major, minor] = version.split('.').map(Number);
  if (major !== MAJOR || minor === undefined || minor < MINOR_MIN || minor > MINOR_MAX) return undefined;
  return minor;
}
