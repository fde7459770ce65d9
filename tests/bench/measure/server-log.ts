/**
 * When which part of a restore ran, from the server's log: it knows of every statement when it ended and how long it took,
 * whoever sent it.
 */
import { readFile, stat } from 'node:fs/promises';
import type { PostgresServer } from '../../../local/postgres.ts';
import { query } from '../../e2e/support/worker-leftovers.ts';

/** From the start of the first statement of its kind to the end of the last one; both phases may overlap. */
export interface RestorePhases {
  /** COPY, and writing large objects. */
  readonly dataSeconds: number;
  /** CREATE INDEX, and ALTER TABLE … ADD CONSTRAINT. */
  readonly indexSeconds: number;
}

/**
 * Has every statement of later sessions logged.
 * @returns ends that, and hands over what was logged meanwhile
 */
export async function logStatements(server: PostgresServer): Promise<() => Promise<string>> {
  const { size } = await stat(server.logFile);
  await query(server, 'postgres', `ALTER ROLE ${server.user} SET log_min_duration_statement = 0`);
  return async () => {
    await query(server, 'postgres', `ALTER ROLE ${server.user} RESET log_min_duration_statement`);
    return (await readFile(server.logFile)).subarray(size).toString();
  };
}

/** An entry's further lines begin with a tab. */
const ENTRY = /^(\S+ \S+) \S+ \[\d+\] LOG: {2}duration: ([\d.]+) ms {2}(.*(?:\n\t.*)*)/gm;
const DATA = /^statement: (?:TRUNCATE .*\n\t)?COPY |^fastpath function call: "lowrite"/;
const INDEXES = /^statement: (?:CREATE (?:UNIQUE )?INDEX |ALTER TABLE .*\n?.*ADD CONSTRAINT )/;

/** @param log with log_line_prefix as it is by default */
export function phasesIn(log: string): RestorePhases {
  const entries = [...log.matchAll(ENTRY)].map(([, at = '', duration = '', text = '']) => {
    const endMs = Date.parse(`${at.replace(' ', 'T')}Z`);
    return { startMs: endMs - Number(duration), endMs, text };
  });
  const seconds = (kind: RegExp): number => {
    const some = entries.filter(({ text }) => kind.test(text));
    if (some.length === 0) return 0;
    return (Math.max(...some.map(({ endMs }) => endMs)) - Math.min(...some.map(({ startMs }) => startMs))) / 1000;
  };
  return { dataSeconds: seconds(DATA), indexSeconds: seconds(INDEXES) };
}
