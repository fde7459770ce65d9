import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Failure } from '../../../core/errors.ts';
import type { DatabaseFailure, DatabaseOutcome } from '../../../core/run-record.ts';
import type { DumpPart, SnapshotPart } from '../../../core/steps.ts';
import { judge } from '../../../core/verdict.ts';
import {
  DUMP_FAILED,
  dumped,
  dumpVerified,
  notDumped,
  outcomeOf,
  planOf,
  SKIPPED,
  SNAPSHOT_AVAILABLE,
  SNAPSHOT_FAILED,
  storedObject,
} from './run-samples.ts';

const MISMATCH: Failure = { code: 'ChecksumMismatch', message: 'object orders.dump has another checksum' };

describe('judge', () => {
  const plan = planOf('orders');
  const outcome = outcomeOf(dumped('orders'));

  it.each<[string, SnapshotPart, DumpPart, string | null, string | null]>([
    ['both good', SNAPSHOT_AVAILABLE, dumpVerified(), 'verified', null],
    ['a dump alone', SKIPPED, dumpVerified(), 'verified', null],
    ['a snapshot alone', SNAPSHOT_AVAILABLE, SKIPPED, 'snapshot-only', null],
    ['a good snapshot, a failed dump', SNAPSHOT_AVAILABLE, DUMP_FAILED, 'partial', 'WorkerDied'],
    ['a failed snapshot, a good dump', SNAPSHOT_FAILED, dumpVerified(), 'partial', 'SnapshotTimeout'],
    ['both failed: the dump is named first', SNAPSHOT_FAILED, DUMP_FAILED, null, 'WorkerDied'],
    ['a failed dump alone', SKIPPED, DUMP_FAILED, null, 'WorkerDied'],
    ['a failed snapshot alone', SNAPSHOT_FAILED, SKIPPED, null, 'SnapshotTimeout'],
    ['nothing at all is no success', SKIPPED, SKIPPED, null, 'UnexpectedError'],
  ])('%s', (_title, snapshot, dump, verdict, code) => {
    const judged = judge(snapshot, dump, plan, outcome);
    expect({ verdict: judged.verdict, code: judged.failure?.code ?? null }).toEqual({ verdict, code });
  });

  it('is no success when another worker has replaced the outcome that was verified', () => {
    const judged = judge(SKIPPED, dumpVerified({ attempt: 1 }), plan, { ...outcome, attempt: 2 });
    expect(judged).toMatchObject({ verdict: null, failure: { code: 'UnexpectedError' }, dumps: [] });
  });

  it('names every database that failed, also when none is left and the snapshot is good', () => {
    const failed = outcomeOf(notDumped('a'), notDumped('b'));
    const { verdict, failedDatabases } = judge(SNAPSHOT_AVAILABLE, DUMP_FAILED, planOf('a', 'b'), failed);
    expect({ verdict, names: failedDatabases.map(({ database }) => database) }).toEqual({
      verdict: 'partial',
      names: ['a', 'b'],
    });
  });

  it('a failed part keeps the sentence of its step', () => {
    expect(judge(SKIPPED, DUMP_FAILED, plan, undefined).failure?.message).toBe('the worker left no outcome');
  });
});

describe('judge of several databases', () => {
  it('is verified when each that was due was dumped and verified', () => {
    const judged = judge(SKIPPED, dumpVerified(), planOf('a', 'b'), outcomeOf(dumped('a'), dumped('b')));
    expect(judged).toMatchObject({ verdict: 'verified', failure: null, failedDatabases: [] });
    expect(judged.dumps.map(({ database }) => database)).toEqual(['a', 'b']);
  });

  it('is partial when the worker failed on one, and names that one', () => {
    const judged = judge(SNAPSHOT_AVAILABLE, dumpVerified(), planOf('a', 'b'), outcomeOf(dumped('a'), notDumped('b')));
    expect(judged).toMatchObject({
      verdict: 'partial',
      failure: { code: 'DumpFailed', message: 'pg_dump of b exited with 1' },
      failedDatabases: [{ database: 'b', failure: { code: 'DumpFailed' } }],
    });
    expect(judged.dumps.map(({ database }) => database)).toEqual(['a']);
  });

  it('is partial when the second party disagrees about one, and that one is no dump', () => {
    const dump = dumpVerified({ mismatches: [{ database: 'a', failure: MISMATCH }] });
    const judged = judge(SKIPPED, dump, planOf('a', 'b'), outcomeOf(dumped('a'), dumped('b')));
    expect(judged).toMatchObject({ verdict: 'partial', failure: MISMATCH });
    expect(judged.dumps.map(({ database }) => database)).toEqual(['b']);
  });

  it('does not pass a worker that forgot a database', () => {
    const judged = judge(SKIPPED, dumpVerified(), planOf('a', 'b'), outcomeOf(dumped('a')));
    expect(judged).toMatchObject({
      verdict: 'partial',
      failure: { code: 'UnexpectedError', message: 'the worker reported nothing about database b' },
    });
  });

  it('takes the worker\'s own list for "*"', () => {
    expect(judge(SKIPPED, dumpVerified(), planOf('*'), outcomeOf(dumped('a'), dumped('b'))).verdict).toBe('verified');
  });

  it('has no recovery point when every database is bad', () => {
    const dump = dumpVerified({ mismatches: [{ database: 'a', failure: MISMATCH }] });
    const judged = judge(SKIPPED, dump, planOf('a', 'b'), outcomeOf(dumped('a'), notDumped('b')));
    expect(judged).toMatchObject({ verdict: null, dumps: [], failure: { code: 'DumpFailed' } });
  });

  it('is no success when what was verified is in no outcome', () => {
    expect(judge(SKIPPED, dumpVerified(), undefined, undefined)).toMatchObject({
      verdict: null,
      failure: { code: 'UnexpectedError' },
    });
  });

  const suspicion = (database: string): DatabaseFailure => ({
    database,
    failure: { code: 'Suspect', message: `${database} shrank` },
  });

  it('is suspect when every dump is whole but one is much smaller than usual', () => {
    const dump = dumpVerified({ suspicions: [suspicion('a'), suspicion('b')] });
    const judged = judge(SNAPSHOT_AVAILABLE, dump, planOf('a', 'b'), outcomeOf(dumped('a'), dumped('b')));
    expect(judged).toMatchObject({
      verdict: 'suspect',
      failure: { code: 'Suspect', message: 'database a: a shrank; database b: b shrank' },
      failedDatabases: [],
    });
    expect(judged.dumps).toHaveLength(2);
  });

  it('is partial, not suspect, when something else failed too', () => {
    const dump = dumpVerified({ suspicions: [suspicion('a')] });
    expect(judge(SNAPSHOT_FAILED, dump, planOf('a'), outcomeOf(dumped('a')))).toMatchObject({
      verdict: 'partial',
      failure: { code: 'SnapshotTimeout' },
    });
  });

  it('fills in the versions that only the verifier learned', () => {
    const objects = [storedObject('known'), storedObject('unknown', { versionId: null, role: 'roles' })];
    const dump = dumpVerified({ versionIds: { unknown: 'v7' } });
    const [dumpOfA] = judge(SKIPPED, dump, planOf('a'), outcomeOf(dumped('a', { objects }))).dumps;
    expect(dumpOfA?.objects.map(({ versionId }) => versionId)).toEqual(['v1', 'v7']);
  });
});

describe('any judgement', () => {
  const names = ['a', 'b', 'c'];
  const databaseOutcomes = fc
    .subarray(names)
    .chain((reported) =>
      fc.tuple(
        ...reported.map((name) => fc.boolean().map((good): DatabaseOutcome => (good ? dumped(name) : notDumped(name)))),
      ),
    );
  const mismatches = fc.subarray(names).map((bad) => bad.map((database) => ({ database, failure: MISMATCH })));
  const snapshots = fc.constantFrom<SnapshotPart>(SKIPPED, SNAPSHOT_AVAILABLE, SNAPSHOT_FAILED);
  const dumps = fc.oneof(
    fc.constantFrom<DumpPart>(SKIPPED, DUMP_FAILED),
    mismatches.map((bad) => dumpVerified({ mismatches: bad })),
  );

  it('is a success only if every part that was due is good', () => {
    fc.assert(
      fc.property(
        snapshots,
        dumps,
        fc.subarray(names, { minLength: 1 }),
        databaseOutcomes,
        (snapshot, dump, due, reported) => {
          const judged = judge(snapshot, dump, planOf(...due), outcomeOf(...reported));
          if (judged.failure !== null) return;
          expect(snapshot.status).not.toBe('failed');
          expect(dump.status).not.toBe('failed');
          if (dump.status !== 'verified') {
            expect(judged.verdict).toBe('snapshot-only');
            return;
          }
          const good = new Set(reported.flatMap((entry) => (entry.status === 'dumped' ? [entry.database] : [])));
          const bad = new Set(dump.verified.mismatches.map(({ database }) => database));
          expect(judged.verdict).toBe('verified');
          expect(due.every((name) => good.has(name) && !bad.has(name))).toBe(true);
          expect(reported.every(({ status }) => status === 'dumped')).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is verified or snapshot-only without a failure, partial or nothing with one', () => {
    fc.assert(
      fc.property(snapshots, dumps, databaseOutcomes, (snapshot, dump, reported) => {
        const { verdict, failure } = judge(snapshot, dump, planOf('a'), outcomeOf(...reported));
        expect(failure === null ? ['verified', 'snapshot-only'] : ['partial', null]).toContain(verdict);
      }),
      { numRuns: 1000 },
    );
  });

  it('has no manifest only if no part is good', () => {
    fc.assert(
      fc.property(snapshots, dumps, databaseOutcomes, (snapshot, dump, reported) => {
        const { verdict, dumps: kept } = judge(snapshot, dump, planOf('a'), outcomeOf(...reported));
        expect(verdict !== null).toBe(snapshot.status === 'available' || kept.length > 0);
      }),
      { numRuns: 1000 },
    );
  });
});
