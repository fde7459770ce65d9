/** The commands in a manifest: they restore a database with S3 access and stock PostgreSQL tools alone. */
import { encodeDatabase } from '../keys.ts';
import type { DatabaseDump, ObjectRole, StoredObject } from '../manifest.ts';
import { RESTORE_OPTIONS } from './restore-settings.ts';

/**
 * A tablespace is a folder of one server: on another everything goes into the default one. Settings of the one who restores,
 * and of the database, which come back with its roles, must not change what is read.
 */
const PG_RESTORE = `PGOPTIONS='${RESTORE_OPTIONS}' pg_restore --exit-on-error --no-password --no-tablespaces`;

/**
 * Commands for a POSIX shell, to be pasted in order in an empty folder. The target server is what libpq's variables
 * (PGHOST, PGUSER, PGPASSWORD, …) name; the database is created under its own name and must not exist.
 * @param bucket the bucket that holds the objects
 */
export function restoreCommands(dump: DatabaseDump, bucket: string): string[] {
  const files = filesOf(dump);
  const named = (role: ObjectRole): string[] =>
    files.filter(({ object }) => object.role === role).map(({ file }) => file);
  const target = `--dbname=${shellQuote(conninfo(dump.database))}`;
  const restore = (file: string, ...options: string[]): string =>
    [PG_RESTORE, target, ...options, shellQuote(file)].join(' ');
  const data = named('data');
  return [
    ...files.flatMap(({ object, file }) => [getObject(object, bucket, file), checkSha256(object, file)]),
    createDatabase(dump),
    ...named('roles').map(
      (file) => `psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 ${target} --file=${shellQuote(file)}`,
    ),
    ...named('archive').map((file) => restore(file)),
    ...named('schema').flatMap((file) => [
      restore(file, '--section=pre-data'),
      allAtOnce(data.map((one) => restore(one))),
      ...restorePostData(file, data.length, restore),
    ]),
  ];
}

/**
 * Triggers last, and one after another: what is said of that of a partition needs that of its root, which pg_restore does not
 * know, and event triggers would fire.
 */
function restorePostData(
  file: string,
  jobs: number,
  restore: (file: string, ...options: string[]) => string,
): string[] {
  const [contents, first, last] = ['contents', 'first', 'last'].map((ending) => shellQuote(`${file}.${ending}`));
  return [
    `pg_restore --list --file=${contents} ${shellQuote(file)}`,
    `sed '/${TRIGGER_LINE}/d' ${contents} > ${first}`,
    `sed -n '/${TRIGGER_LINE}/p' ${contents} > ${last}`,
    restore(file, '--section=post-data', `--jobs=${jobs}`, `--use-list=${first}`),
    restore(file, '--section=post-data', `--use-list=${last}`),
  ];
}

/** Such as `2431; 2620 16397 TRIGGER public orders audit postgres`. */
const TRIGGER_LINE = '^[0-9]*; [0-9]* [0-9]* \\(COMMENT .*\\)\\{0,1\\}\\(EVENT \\)\\{0,1\\}TRIGGER ';

interface RestoreFile {
  readonly object: StoredObject;
  /** Where it is fetched to. Files of any database may lie in one folder. */
  readonly file: string;
}

/** Evidence is not needed for a restore. */
function filesOf({ database, objects }: DatabaseDump): RestoreFile[] {
  const stem = `./${encodeDatabase(database)}`;
  let data = 0;
  const endings: Readonly<Record<ObjectRole, () => string | undefined>> = {
    archive: () => 'dump',
    schema: () => 'schema.dump',
    data: () => `data-${++data}.dump`,
    roles: () => 'roles.sql',
    evidence: () => undefined,
  };
  return objects.flatMap((object) => {
    const ending = endings[object.role]();
    return ending === undefined ? [] : [{ object, file: `${stem}.${ending}` }];
  });
}

/** A process for each; when one has failed, the whole command says so and fails, after all have ended. */
function allAtOnce(commands: readonly string[]): string {
  const starts = commands.map((command, index) => `${command} & p${index}=$!;`);
  const waits = commands.map((_, index) => `wait $p${index} || failed="$failed ${index + 1}";`);
  const end = 'if [ -n "$failed" ]; then echo "FAILED: data archives$failed" >&2; exit 1; fi';
  return `(failed=; ${[...starts, ...waits].join(' ')} ${end})`;
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
