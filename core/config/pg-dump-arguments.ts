/**
 * What may be passed on to pg_dump as it is.
 *
 * The list is short on purpose. An argument is on it when it changes only how objects are declared or where they are
 * placed at restore. Never on it: what leaves out rows or objects with rows (`--no-unlogged-table-data`, `--filter`,
 * `--enable-row-security`, `--schema-only`), since a dump would be verified and still lack data; what rounds or
 * re-encodes values (`--extra-float-digits`, `--encoding`); what changes the archive's shape (`--format`, `--file`,
 * `--jobs`, `--inserts`, `--clean`, `--create`); what the worker sets itself (`--snapshot`, `--compress`,
 * `--exclude-*`, connection options); `--role`, which would read other rows than the evidence counts.
 */
export const ALLOWED_PG_DUMP_ARGUMENTS = [
  /** Partitions are loaded through their root: for hash partitions on types whose hashes differ between servers. */
  '--load-via-partition-root',
  '--no-publications',
  '--no-security-labels',
  /** Subscriptions can be restored only by a superuser or pg_create_subscription. */
  '--no-subscriptions',
  '--no-table-access-method',
  '--no-tablespaces',
  /** An lz4 column otherwise needs a server built with lz4. */
  '--no-toast-compression',
  /** Names that became key words in a newer major stay restorable. */
  '--quote-all-identifiers',
] as const;

/** What pg_dump 16 and newer understand as METHOD[:LEVEL] and the custom format can hold. */
const COMPRESSION_LEVELS = { gzip: [1, 9], lz4: [1, 12], zstd: [1, 22] } as const;

const COMPRESSION_HELP = 'write none, gzip, lz4 or zstd, with a level if wanted, such as zstd:1 or gzip:6';

/** Why a compression is not usable, or undefined. */
export function compressionProblem(text: string): string | undefined {
  if (text === 'none') return undefined;
  const match = /^(gzip|lz4|zstd)(?::([0-9]{1,3}))?$/.exec(text);
  if (match === null) return `"${text}" is no compression of pg_dump's custom format: ${COMPRESSION_HELP}`;
  if (match[2] === undefined) return undefined;
  const method = match[1] as keyof typeof COMPRESSION_LEVELS;
  const [min, max] = COMPRESSION_LEVELS[method];
  const level = Number(match[2]);
  return level >= min && level <= max ? undefined : `${method} has levels ${min} to ${max}, not ${level}`;
}
