/**
 * Functions that stand in for the real ones: each writes down how it was called, then answers or fails as the input of
 * the execution says. What they decide, they decide with the real core.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHECKOUT } from './definition.ts';

/** What a step does instead of its default: answers in turn (the last one for good), or a way to fail. */
export interface Step {
  readonly answers?: readonly object[];
  readonly throws?: { readonly name: string; readonly message: string };
  /** Ends the process of the function. */
  readonly exits?: true;
  /** Never answers. */
  readonly hangs?: true;
}

/** Input of an execution whose functions are stubs. */
export interface Scenario {
  /** What PlanBackup plans otherwise than usual. */
  readonly plan?: Readonly<Record<string, unknown>>;
  /** Shell script that the worker is. Default: exits with 0. */
  readonly worker?: string;
  readonly steps?: Readonly<Record<string, Step>>;
  /** The worker's outcome that RecordManifest judges; default: database "orders" was dumped. */
  readonly outcome?: object;
}

export const SNAPSHOT = {
  kind: 'instance',
  identifier: 'hf-orders-20251121-023011',
  arn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:hf-orders-20251121-023011',
  status: 'available',
  sizeGiB: 20,
  kmsKey: null,
};

export const SNAPSHOT_PROGRESS = {
  status: 'available',
  waitSeconds: 0,
  kind: 'instance',
  identifier: SNAPSHOT.identifier,
  snapshot: SNAPSHOT,
};

export const VERIFIED = {
  attempt: 1,
  at: '2025-11-21T02:41:40.000Z',
  objects: 2,
  mismatches: [],
  suspicions: [],
  versionIds: {},
};

/** The worker: says that it ran, then does what the run's key says. */
export function workerCommand(state: string): string {
  return `echo '{"state":"${state}"}' >> "$HOLDFAST_RUN_SK"; eval "$HOLDFAST_RUN_PK"`;
}

export const RESTORED = { database: 'orders', seconds: 5, tables: 2, rows: 9, differences: 0 };
export const TESTED = { seconds: 5, rtoExceeded: false, checks: 1 };

/** The answer of a state that plans. @param more keys that only this machine has, as JavaScript */
function planned(more: string): string {
  return `({
    source: 'orders',
    run: event.run,
    runTag: event.run,
    startedAt: new Date(event.startedAt).toISOString(),
    executionArn: event.executionArn,
    pk: event.input.worker ?? 'exit 0',
    sk: calls,
    task: { cpu: '2048', memory: '4096', diskGiB: 21, subnets: [], securityGroups: [] },
    ${more}
    ...event.input.plan,
    scenario: event.input,
  })`;
}

/** What each function answers when the scenario says nothing. JavaScript with `event`, `core(file)` and `calls`. */
const ANSWERS: Readonly<Record<string, string>> = {
  PlanBackup: planned(`
    duplicateOf: null,
    include: { snapshot: true, dump: true },
    rds: { kind: 'instance', identifier: 'orders-prod' },
    deadline: new Date(Date.now() + 3600_000).toISOString(),`),
  PlanRestore: planned("dryRun: false, thaw: { objects: 0, summary: 'nothing has to be thawed' },"),
  CheckThaw: '({ objectsFrozen: 0 })',
  CollectRestore: JSON.stringify(RESTORED),
  PlanRestoreTest: planned('duplicateOf: null, point: {},'),
  CollectRestoreTest: JSON.stringify(TESTED),
  CreateSnapshot: JSON.stringify(SNAPSHOT_PROGRESS),
  CheckSnapshot: JSON.stringify(SNAPSHOT_PROGRESS),
  CollectDump: '({ databasesDumped: 1, databasesFailed: 0, uploadsLeft: null })',
  VerifyDump: JSON.stringify(VERIFIED),
  RecordManifest: `await (async () => {
    const { judge } = await core('verdict.ts');
    const { HoldfastError } = await core('errors.ts');
    const databases = [{ status: 'dumped', database: 'orders', objects: [] }];
    const outcome = { attempt: 1, ...(event.scenario.outcome ?? { databases }) };
    const { verdict, failure } = judge(...event.parts, undefined, outcome);
    if (verdict === null) throw new HoldfastError(failure.code, failure.message);
    return { verdict, failure };
  })()`,
  RecordFailure: `({ failure: (await core('errors.ts')).failureOfStep(event.error, event.cause) })`,
};

/** Body of the stub of a state. Its calls go to a file of the execution in `directory`. */
export function stubBody(state: string, directory: string): string {
  const coreUrl = pathToFileURL(join(CHECKOUT, 'core/')).href;
  return `
    const { appendFileSync, existsSync, readFileSync } = await import('node:fs');
    const core = (file) => import(${JSON.stringify(coreUrl)} + file);
    const calls = ${JSON.stringify(directory)} + '/calls-' + event.run + '.jsonl';
    const before = existsSync(calls) ? readFileSync(calls, 'utf8').split('"state":"${state}"').length - 1 : 0;
    appendFileSync(calls, JSON.stringify({ state: '${state}', event }) + '\\n');
    const { answers, throws, exits, hangs } = (event.scenario ?? event.input).steps?.['${state}'] ?? {};
    if (exits) process.exit(1);
    if (hangs) await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (throws) throw Object.assign(new Error(throws.message), { name: throws.name });
    if (answers) return answers[Math.min(before, answers.length - 1)];
    return ${ANSWERS[state] ?? 'null'};
  `;
}
