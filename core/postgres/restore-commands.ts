/** The commands in a manifest: they restore a database with S3 access and stock PostgreSQL tools alone. */
import { encodeDatabase } from '../keys.ts';
import type { DatabaseDump, ObjectRole, StoredObject } from '../manifest.ts';

/**
 * Commands for a POSIX shell, to be pasted in order in an empty folder. The target server is what libpq's variables
 * (PGHOST, PGUSER, PGPASSWORD, …) name; the database is created under its own name and must not exist.
 * @param bucket the bucket that holds the objects
 */
export function restoreCommands(dump: DatabaseDump, bucket: string): string[] {
  const stem = `./${encodeDatabase(dump.database)}`;
  const archive = fetched(dump, 'archive', bucket, `${stem}.dump`);
  const roles = fetched(dump, 'roles', bucket, `${stem}.roles.sql`);
  const target = `--dbname=${shellQuote(conninfo(dump.database))}`;
  return [
    ...archive.commands,
    ...roles.commands,
    createDatabase(dump),
    ...roles.files.map((file) => `psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 ${target} --file=${shellQuote(file)}`),
    ...archive.files.map((file) => `pg_restore --exit-on-error --no-password ${target} ${shellQuote(file)}`),
  ];
}

interface Fetched {
  readonly commands: readonly string[];
  readonly files: readonly string[];
}

function fetched(dump: DatabaseDump, role: ObjectRole, bucket: string, file: string): Fetched {
  const objects = dump.objects.filter((object) => object.role === role);
  return {
    commands: objects.flatMap((object) => [getObject(object, bucket, file), checkSha256(object, file)]),
    files: objects.map(() => file),
  };
}

function getObject({ key, versionId }: StoredObject, bucket: string, file: string): string {
  const version = versionId === null ? [] : [`--version-id=${shellQuote(versionId)}`];
  const from = [`--bucket=${shellQuote(bucket)}`, `--key=${shellQuote(key)}`, ...version];
  return `aws s3api get-object ${from.join(' ')} ${shellQuote(file)}`;
}

function checkSha256({ sha256 }: StoredObject, file: string): string {
  return `echo ${shellQuote(`${sha256}  ${file}`)} | sha256sum --check`;
}

/** template0: any other template may hold objects already, and fixes encoding and locale. */
function createDatabase(dump: DatabaseDump): string {
  const options = ['--template=template0', `--encoding=${shellQuote(dump.encoding)}`, ...localeOptions(dump)];
  return `createdb --no-password ${options.join(' ')} -- ${shellQuote(dump.database)}`;
}

function localeOptions(dump: DatabaseDump): string[] {
  const { collation, ctype, localeProvider, locale } = dump;
  const options = [`--lc-collate=${shellQuote(collation)}`, `--lc-ctype=${shellQuote(ctype)}`];
  if (locale === null) return options;
  if (localeProvider === 'icu') options.push('--locale-provider=icu', `--icu-locale=${shellQuote(locale)}`);
  if (localeProvider === 'builtin') options.push('--locale-provider=builtin', `--builtin-locale=${shellQuote(locale)}`);
  return options;
}

/** A connection string for names that libpq would take for one ("a=b", "postgres://…") or that have odd characters. */
function conninfo(database: string): string {
  if (/^\w[\w.-]*$/.test(database)) return database;
  return `dbname='${database.replace(/[\\']/g, '\\$&')}'`;
}

/** One word of a POSIX shell, whatever it holds. */
function shellQuote(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
