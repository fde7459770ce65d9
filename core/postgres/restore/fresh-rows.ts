/**
 * How rows get into tables that the same restore has made: each is emptied by the query that fills it. There is nothing in
 * it yet, but now the server knows that nobody else can see its rows, and writes them frozen; otherwise it would write each
 * page once more when it is first read, and again at some later VACUUM. With `wal_level = minimal`, as in a restore test,
 * they do not go into its log either. Of 3 GB, both took away a quarter to a third of the server's processor time.
 */
import type { HeadEdit, TocEntry } from './archive-toc.ts';
import { rowKey } from './select-entries.ts';

/** As pg_dump writes it: with quotes only where they are needed. */
const NAME = String.raw`(?:"(?:[^"]|"")+"|[^\s".(]+)`;
const COPY = new RegExp(`^COPY (${NAME})\\.(${NAME}) [^]*FROM stdin;\\n$`);

/**
 * The tables that may be emptied: all that the restore makes. None where some rows go through the root of their
 * partitions: those may have come into a partition that is filled by itself later.
 * @param tables that the restore makes, by `rowKey`
 * @param rows entries of all archives of the dump
 */
export function freshTables(tables: ReadonlySet<string>, rows: readonly TocEntry[]): ReadonlySet<string> {
  return rows.filter(isRows).every(goesStraight) ? tables : new Set();
}

const isRows = ({ kind }: TocEntry): boolean => kind === 'TABLE DATA';

function goesStraight({ schema, tag, copyStatement }: TocEntry): boolean {
  const [, intoSchema = '', intoTable = ''] = COPY.exec(copyStatement) ?? [];
  return unquoted(intoSchema) === schema && unquoted(intoTable) === tag;
}

const unquoted = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

/** @param fresh from freshTables */
export function freshRowEdits(entries: readonly TocEntry[], fresh: ReadonlySet<string>): HeadEdit[] {
  return entries
    .filter((entry) => isRows(entry) && fresh.has(rowKey(entry.schema, entry.tag)))
    .map(({ at }) => ({ at: at.copyStatement, change: emptyFirst }));
}

/** One query of two statements, and so one transaction: pg_restore sends it as it stands. */
function emptyFirst(copyStatement: string): string {
  const frozen = copyStatement.replace(/;\n$/, ' WITH (FREEZE);\n');
  return copyStatement.replace(
    COPY,
    (_, schema: string, table: string) => `TRUNCATE TABLE ONLY ${schema}.${table};\n${frozen}`,
  );
}
