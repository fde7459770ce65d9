/** `holdfast restore --local`: the worker's own engine as a child process, into the server that libpq's environment names. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newestRuns } from '../../aws/recovery-points.ts';
import { storageStates } from '../../aws/stored-objects.ts';
import { chooseDump, choosePoint } from '../../core/choose-point.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { RestoreInput } from '../../core/restore-input.ts';
import { RestoreOutcome, RestoreProgress, type LocalRestore } from '../../core/restore-record.ts';
import type { RunRow } from '../../core/run-record.ts';
import { describeThaw, estimateThaw, type ThawEstimate } from '../../core/thaw.ts';
import type { Context } from '../context.ts';
import { withHint } from '../problem.ts';
import { describeRestoring } from '../restore-documents.ts';
import { renderRestoring } from '../render-restore.ts';
import type { Result } from '../result.ts';
import { runName } from '../run-name.ts';

const WORKER = join(import.meta.dirname, '../../worker/main.ts');

export async function restoreLocally(input: RestoreInput, context: Context): Promise<Result> {
  const { deployment, display } = context;
  const source = input.source ?? '';
  const wanted = { source, recoveryPoint: input.recoveryPoint, database: input.database };
  const point = await choosePoint(wanted, newestRuns(deployment.table, source));
  const dump = chooseDump(point, input.database);
  const thaw = estimateThaw(await storageStates(deployment.bucket, dump.objects), input.thawTier);
  if (thaw.objects > 0) throw frozen(thaw);
  const { tables, schemas, roles, allowNotEmpty } = input;
  const plan: LocalRestore = {
    source,
    run: point.run,
    serverVersion: point.server?.version ?? null,
    dump,
    database: dump.database,
    toDatabase: input.to.database ?? null,
    tables,
    schemas,
    roles,
    allowNotEmpty,
  };
  display.note(`restoring ${dump.database} from ${point.run}`);
  const startedAt = new Date();
  const outcome = await runEngine(plan, context);
  display.end();
  return resultOf(point, plan, outcome, startedAt);
}

function frozen(thaw: ThawEstimate): HoldfastError {
  const message = `${describeThaw(thaw)}; restore it through the machine, which thaws: --target or --secret, not --local`;
  return new HoldfastError('RestoreFailed', message);
}

/** Ctrl-C reaches the child too: it ends its sessions, and tells how far it came. */
async function runEngine(
  plan: LocalRestore,
  { deployment, display, catchInterrupt }: Context,
): Promise<RestoreOutcome> {
  catchInterrupt();
  const child = spawn(process.execPath, [WORKER, 'restore', '--local'], {
    env: { ...process.env, HOLDFAST_BUCKET: deployment.bucket },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const startedMs = Date.now();
  child.stdin.end(JSON.stringify(plan));
  let outcome: RestoreOutcome | undefined;
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    const said = parseLine(line);
    if (said['outcome'] !== undefined) outcome = RestoreOutcome.parse(said['outcome']);
    if (said['progress'] === undefined) continue;
    display.show({ elapsedMs: Date.now() - startedMs, states: [], progress: RestoreProgress.parse(said['progress']) });
  }
  await ended;
  if (outcome) return outcome;
  throw new HoldfastError(
    'WorkerDied',
    `the engine ended with code ${child.exitCode ?? child.signalCode ?? ''} and no outcome`,
  );
}

/** The worker also logs there, in lines that have a level. */
function parseLine(line: string): Record<string, unknown> {
  try {
    const said = JSON.parse(line) as Record<string, unknown>;
    return said['level'] === undefined ? said : {};
  } catch {
    return {}; // not of the engine: what a library has printed
  }
}

function resultOf(point: RunRow, plan: LocalRestore, outcome: RestoreOutcome, startedAt: Date): Result {
  const { failure } = outcome;
  const run = runName(`${plan.source}-restore`, startedAt);
  const document = {
    ...describeRestoring({
      pk: point.pk,
      sk: point.sk,
      kind: 'restore',
      source: plan.source,
      run,
      executionArn: '',
      startedAt: outcome.startedAt,
      finishedAt: outcome.finishedAt,
      trigger: 'cli',
      status: failure ? 'failed' : 'succeeded',
      attempt: 1,
      outcome,
    }),
    point: point.run,
  };
  return { document, text: renderRestoring(document), ...(failure && { problem: withHint(failure) }) };
}
