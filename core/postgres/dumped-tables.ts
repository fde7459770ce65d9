/** Whether the archives of a database hold the rows of every table that is due, each once. */
import type { TableName } from './archive-walker.ts';
import type { PlannedRelation } from './plan-archives.ts';
import { quoteName } from './sql-quote.ts';

const NAMES_SHOWN = 5;

/**
 * The tables whose rows have come, over all archives of a database. Of each only a hash is kept, because there may be a
 * hundred thousand. Where the hashes of two are the same, both are due or one too few has come.
 */
export class DumpedTables {
  readonly #counts = new Map<number, number>();
  readonly #keyOf: (table: TableName) => number;

  /** @param encoding of the database, as `pg_encoding_to_char` gives it */
  constructor(encoding: string) {
    this.#keyOf = (table) => hashOf(encoding === 'UTF8' ? exactName(table) : asciiName(table));
  }

  add(table: TableName): void {
    count(this.#counts, this.#keyOf(table));
  }

  /**
   * What is amiss, continuing "the archives …"; undefined when nothing is. There may be tables that are not due: those that
   * an extension has its configuration in.
   * @param relations gone through more than once
   */
  problem(relations: Iterable<PlannedRelation>): string | undefined {
    const due = new Map<number, number>();
    for (const table of withRows(relations)) count(due, this.#keyOf(table));
    const surplus = (table: TableName): number => {
      const key = this.#keyOf(table);
      return (this.#counts.get(key) ?? 0) - (due.get(key) ?? 0);
    };
    const lacking = listed(relations, (table) => surplus(table) < 0);
    if (lacking !== undefined) return `lack the rows of ${lacking}`;
    const repeated = listed(relations, (table) => surplus(table) > 0);
    return repeated === undefined ? undefined : `hold more than once the rows of ${repeated}`;
  }
}

function* withRows(relations: Iterable<PlannedRelation>): Generator<PlannedRelation> {
  for (const relation of relations) if (relation.kind === 'r' && relation.withRows) yield relation;
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const exactName = ({ schema, name }: TableName): string => quoteName(schema, name);

/** An archive has names in the encoding of its database, of which only ASCII is read here: of the rest, that it is there. */
const asciiName = (table: TableName): string => exactName(table).replaceAll(/[^\0-\x7f]+/g, '\u{fffd}');

/** FNV-1a, in a number of 32 bits with a sign: what a Map keeps in the least memory. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** The first names of those with rows that are meant, and how many more there are; undefined: there is none. */
function listed(relations: Iterable<PlannedRelation>, isMeant: (table: TableName) => boolean): string | undefined {
  const shown: string[] = [];
  let more = 0;
  for (const table of withRows(relations)) {
    if (!isMeant(table)) continue;
    if (shown.length < NAMES_SHOWN) shown.push(`${table.schema}.${table.name}`);
    else more += 1;
  }
  if (shown.length === 0) return undefined;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}
