/** Whether the archives of a database hold the rows of every table that is due, each once. */
import type { TableName } from './archive-walker.ts';
import type { PlannedRelation } from './plan-archives.ts';
import { quoteName } from './sql-quote.ts';

const NAMES_SHOWN = 5;

/** The tables whose rows have come, over all archives of a database. */
export class DumpedTables {
  readonly #counts = new Map<string, number>();
  readonly #keyOf: (table: TableName) => string;

  /** @param encoding of the database, as `pg_encoding_to_char` gives it */
  constructor(encoding: string) {
    this.#keyOf = encoding === 'UTF8' ? exactKey : asciiKey;
  }

  add(table: TableName): void {
    count(this.#counts, this.#keyOf(table));
  }

  /**
   * What is amiss, continuing "the archives …"; undefined when nothing is. There may be tables that are not due: those that
   * an extension has its configuration in.
   */
  problem(relations: readonly PlannedRelation[]): string | undefined {
    const tables = relations.filter(({ kind, withRows }) => kind === 'r' && withRows);
    const due = new Map<string, number>();
    for (const table of tables) count(due, this.#keyOf(table));
    const found = (table: TableName): number => this.#counts.get(this.#keyOf(table)) ?? 0;
    const wanted = (table: TableName): number => due.get(this.#keyOf(table)) ?? 0;
    const lacking = tables.filter((table) => found(table) < wanted(table));
    if (lacking.length > 0) return `lack the rows of ${listed(lacking)}`;
    const repeated = tables.filter((table) => found(table) > wanted(table));
    return repeated.length > 0 ? `hold more than once the rows of ${listed(repeated)}` : undefined;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const exactKey = ({ schema, name }: TableName): string => quoteName(schema, name);

/** An archive has names in the encoding of its database, of which only ASCII is read here: of the rest, that it is there. */
const asciiKey = (table: TableName): string => exactKey(table).replaceAll(/[^\0-\x7f]+/g, '\u{fffd}');

function listed(tables: readonly TableName[]): string {
  const shown = tables.slice(0, NAMES_SHOWN).map(({ schema, name }) => `${schema}.${name}`);
  return `${shown.join(', ')}${tables.length > NAMES_SHOWN ? ` and ${tables.length - NAMES_SHOWN} more` : ''}`;
}
