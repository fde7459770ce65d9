/** `holdfast verify`: reads every object of a recovery point again, and compares each byte's hash with the record. */
import { S3ServiceException } from '@aws-sdk/client-s3';
import { readContent } from '../../aws/read-object.ts';
import { findRunByName, newestRuns } from '../../aws/recovery-points.ts';
import { chooseDump, choosePoint, requireDump } from '../../core/choose-point.ts';
import { HoldfastError, toFailure } from '../../core/errors.ts';
import type { StoredObject } from '../../core/manifest.ts';
import { LATEST } from '../../core/restore-input.ts';
import type { RunRow } from '../../core/run-record.ts';
import { compareContent } from '../../core/verify-object.ts';
import type { Context } from '../context.ts';
import { withHint, type Problem } from '../problem.ts';
import type { VerifiedObject, VerifyDocument } from '../restore-documents.ts';
import { renderVerified } from '../render-restore.ts';
import type { Result } from '../result.ts';

export interface VerifyArguments {
  readonly run?: string | undefined;
  readonly source?: string | undefined;
  readonly database?: string | undefined;
}

/** @throws InvalidInput unless exactly one of run and source is named */
export function checkVerify(given: VerifyArguments & { readonly latest: boolean }): VerifyArguments {
  const { run, source, latest } = given;
  const named = [run, source].filter((name) => name !== undefined);
  if (named.length !== 1 || (latest && source === undefined)) {
    throw new HoldfastError('InvalidInput', 'name what to verify: a run, or --source with --latest');
  }
  return given;
}

export async function verify(wanted: VerifyArguments, context: Context): Promise<Result> {
  const run = await findPoint(wanted, context);
  const dumps = wanted.database === undefined ? (run.dumps ?? []) : [chooseDump(run, wanted.database)];
  const objects: VerifiedObject[] = [];
  const reading = new Reading(dumps.flatMap((dump) => dump.objects).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  for (const { database, objects: due } of dumps) {
    for (const object of due) {
      const problem = await problemOfObject(object, reading, context);
      const { role, key, sizeBytes, sha256 } = object;
      objects.push({ database, role, key, sizeBytes, sha256, problem });
    }
  }
  context.display.end();
  const document: VerifyDocument = { run: run.run, source: run.source, objects, bytesRead: reading.bytesRead };
  const problem = worstOf(objects);
  return { document, text: renderVerified(document), ...(problem && { problem }) };
}

/** Damage comes before what could not be looked at. */
function worstOf(objects: readonly VerifiedObject[]): Problem | undefined {
  const problems = objects.flatMap(({ problem }) => problem ?? []);
  return problems.find(({ code }) => code !== 'Untestable') ?? problems[0];
}

async function findPoint({ run, source }: VerifyArguments, { deployment }: Context): Promise<RunRow> {
  const { table } = deployment;
  if (source !== undefined) {
    return choosePoint({ source, recoveryPoint: LATEST, database: undefined }, newestRuns(table, source));
  }
  const row = await findRunByName(table, run ?? '');
  if (row) return requireDump(row);
  throw new HoldfastError('RecoveryPointNotFound', `run ${run ?? ''} is not recorded`);
}

async function problemOfObject(
  object: StoredObject,
  reading: Reading,
  { deployment, display }: Context,
): Promise<Problem | null> {
  try {
    compareContent(
      object,
      await readContent(deployment.bucket, object, (count) => {
        reading.add(count);
        display.show(reading.view(object.key));
      }),
    );
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return withHint(toFailure(error));
    if (!(error instanceof S3ServiceException) || error.name !== 'InvalidObjectState') throw error;
    return withHint({
      code: 'Untestable',
      message: `${object.key} is archived: nobody can read it before it is thawed`,
    });
  }
}

/** How much was read, as the progress of a restore that only compares. */
class Reading {
  bytesRead = 0;
  readonly #bytesDue: number;
  readonly #startedMs = Date.now();

  constructor(bytesDue: number) {
    this.#bytesDue = bytesDue;
  }

  add(count: number): void {
    this.bytesRead += count;
  }

  view(key: string): Parameters<Context['display']['show']>[0] {
    return {
      elapsedMs: Date.now() - this.#startedMs,
      states: [],
      progress: {
        phase: 'comparing',
        database: key.split('/').at(-1) ?? key,
        databasesDone: 0,
        databasesDue: 1,
        bytesRead: this.bytesRead,
        bytesDue: this.#bytesDue,
        at: new Date().toISOString(),
      },
    };
  }
}
