/** The source's own questions to a restored database: each has to answer what is expected, in time. */
import { isDeepStrictEqual } from 'node:util';
import type { RestoreCheck } from '../../../core/config/restore-test.ts';
import { causeChain } from '../../../core/errors.ts';
import type { RestoreTestCheck } from '../../../core/manifest.ts';
import { openSession } from '../session.ts';
import type { Server } from '../server.ts';

const CHECK_TIMEOUT_MAX_MS = 300_000;
const GOT_LENGTH_MAX = 300;

export interface CheckContext {
  readonly server: Server;
  readonly applicationName: string;
  readonly signal: AbortSignal;
  /** Asked where a check names none. */
  readonly firstDatabase: string;
  /** ISO-8601: a check gets a quarter of what is left at most, so that there is time to say that it failed. */
  readonly deadline: string;
}

/** A check that is false, raises, or does not end in time has failed; the others are asked all the same. */
export async function runChecks(checks: readonly RestoreCheck[], context: CheckContext): Promise<RestoreTestCheck[]> {
  const results: RestoreTestCheck[] = [];
  for (const check of checks) {
    context.signal.throwIfAborted();
    results.push({ name: check.name, ...(await runCheck(check, context)) });
  }
  return results;
}

async function runCheck(check: RestoreCheck, context: CheckContext): Promise<Pick<RestoreTestCheck, 'passed' | 'got'>> {
  try {
    const got = await ask(check, context);
    return { passed: isDeepStrictEqual(JSON.parse(got), check.expect), got: got.slice(0, GOT_LENGTH_MAX) };
  } catch (error) {
    context.signal.throwIfAborted();
    return {
      passed: false,
      got: causeChain(error instanceof Error ? (error.cause ?? error) : error).slice(0, GOT_LENGTH_MAX),
    };
  }
}

/** @returns the value as JSON text @throws Error unless it is one value */
async function ask({ sql, database }: RestoreCheck, context: CheckContext): Promise<string> {
  const session = await openSession(context.server, { ...context, database: database ?? context.firstDatabase });
  try {
    const timeoutMs = Math.min(CHECK_TIMEOUT_MAX_MS, Math.max(1, (Date.parse(context.deadline) - Date.now()) / 4));
    await session.run(`SET statement_timeout = ${Math.round(timeoutMs)}; SET default_transaction_read_only = on`);
    const rows = await session.rows<{ got: string | null }>(
      `SELECT pg_catalog.to_jsonb(answer.value)::text AS got FROM (\n${sql.replace(/;\s*$/, '')}\n) AS answer(value)`,
    );
    if (rows.length !== 1) throw new Error(`it returned ${rows.length} rows, not one`);
    return rows[0]?.got ?? 'null';
  } finally {
    await session.close();
  }
}
