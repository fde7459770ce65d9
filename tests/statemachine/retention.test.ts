import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CreateDBInstanceCommand, CreateDBSnapshotCommand } from '@aws-sdk/client-rds';
import { PutObjectLegalHoldCommand, PutObjectLockConfigurationCommand, type S3Client } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo, rds, s3 } from '../../aws/clients.ts';
import { bucketName, tableName } from '../../aws/environment.ts';
import { findSnapshot } from '../../aws/snapshots.ts';
import type { Removal } from '../../core/retention-steps.ts';
import type { RunRow } from '../../core/run-record.ts';
import { applyRemovals } from '../../functions/apply-retention.ts';
import { planSource } from '../../functions/plan-retention.ts';
import { executionThatIs, FORGOTTEN } from './guards-world.ts';
import {
  createBucket,
  deleteObject,
  leave,
  pointRow,
  putObject,
  rowOf,
  startKeepingWorld,
  versionsOf,
  type KeepingWorld,
} from './keeping-world.ts';

const SOURCES = Array.from({ length: 20 }, (_, index) => `source-${index}`);
const SETTINGS = `
  rds: { instance: orders-prod, snapshot: { keepLast: 1 } }
  connection: { secret: x }
  alarmAfter: 26h
  retention: { keepLast: 2 }`;
const CONFIG = `defaults: ${SETTINGS.replaceAll('\n', '\n  ')}\nsources:\n${SOURCES.map((name) => `  ${name}: {}`).join('\n')}\n`;

let world: KeepingWorld;
beforeAll(async () => {
  world = await startKeepingWorld(CONFIG);
  await rds().send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: 'orders-prod',
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      AllocatedStorage: 20,
      MasterUsername: 'postgres',
      MasterUserPassword: 'not-used-here',
    }),
  );
}, 120_000);
afterAll(() => world.stop());

const NOW = new Date('2026-11-18T09:00:00Z');
let sources = 0;
let source: string;
beforeEach(() => {
  source = SOURCES[sources++] ?? '';
});

const day = (date: number): string => `2026-11-${String(date).padStart(2, '0')}T02:30:00.000Z`;
const left = (date: number, more: Partial<RunRow> = {}): Promise<RunRow> => leave(pointRow(source, day(date), more));
const removal = ({ sk }: RunRow, action: Removal['action'] = 'remove'): Removal => ({ sk, action, reasons: ['test'] });
const apply = (...removals: Removal[]) => applyRemovals({ source, removals }, () => NOW);

/** Plans and applies, as the machine does. */
async function runRetention() {
  const { removals } = await planSource(source, false, NOW);
  return applyRemovals({ source, removals }, () => NOW);
}

async function snapshotOf(row: RunRow): Promise<NonNullable<RunRow['snapshot']>> {
  const identifier = `hf-${source}-${row.startedAt.replace(/\D/g, '').slice(0, 8)}-${row.startedAt.replace(/\D/g, '').slice(8, 14)}`;
  await rds().send(
    new CreateDBSnapshotCommand({
      DBInstanceIdentifier: 'orders-prod',
      DBSnapshotIdentifier: identifier,
      Tags: [
        { Key: 'holdfast:source', Value: source },
        { Key: 'holdfast:run', Value: row.run },
      ],
    }),
  );
  return { kind: 'instance', identifier, arn: `arn:${identifier}`, status: 'available', sizeGiB: 20, kmsKey: null };
}

describe('a run of retention', () => {
  it('removes what no rule keeps, oldest first, and leaves a row that says so', async () => {
    const [oldest, old, , newest] = [await left(15), await left(16), await left(17), await left(18)];
    const { removals } = await planSource(source, false, NOW);
    expect(removals.map(({ sk }) => sk)).toEqual([oldest.sk, old.sk]);
    expect(await runRetention()).toEqual({ source, removed: 2, kept: [] });
    expect(await versionsOf(oldest)).toEqual([]);
    expect(await versionsOf(newest)).toEqual(['manifest.json', 'orders/1/archive.dump', 'orders/1/roles.sql']);
    const row = await rowOf(oldest);
    expect(row).toMatchObject({
      deletedAt: NOW.toISOString(),
      deletedVerdict: 'verified',
      removalReasons: ['no rule keeps it'],
    });
    for (const gone of ['verdict', 'dumps', 'deleting', 'verification']) expect(row).not.toHaveProperty(gone);
    expect(await planSource(source, false, NOW)).toMatchObject({ pointsKept: 2, removals: [] });
  });

  it('removes every version and every delete marker of the run, and nothing of another', async () => {
    const row = await left(15);
    const alike = await leave(pointRow(source, day(15), { run: `${row.run}0` }));
    await putObject(`${versionPrefix(row)}orders/1/archive.dump`, 'a second version');
    await deleteObject(`${versionPrefix(row)}orders/1/archive.dump`);
    expect(await versionsOf(row)).toHaveLength(5);
    await left(18);
    expect(await apply(removal(row))).toMatchObject({ removed: 1 });
    expect(await versionsOf(row)).toEqual([]);
    expect(await versionsOf(alike)).toHaveLength(3);
  });

  it('may be repeated', async () => {
    const row = await left(15);
    await left(18);
    expect(await apply(removal(row))).toMatchObject({ removed: 1 });
    const tombstone = await rowOf(row);
    expect(await apply(removal(row))).toMatchObject({ removed: 1, kept: [] });
    expect(await rowOf(row)).toEqual(tombstone);
  });

  it('removes what a failed run left, once a later point is verified', async () => {
    const failed = await left(17, { status: 'failed', verdict: undefined });
    await left(16);
    expect((await planSource(source, false, NOW)).removals).toEqual([]);
    await left(18);
    expect(await runRetention()).toMatchObject({ removed: 1 });
    expect(await versionsOf(failed)).toEqual([]);
    expect(await rowOf(failed)).toMatchObject({ status: 'failed', deletedAt: NOW.toISOString() });
  });

  it('removes at most 50 points of a source', async () => {
    const rows = Array.from({ length: 60 }, (_, index) =>
      pointRow(source, new Date(Date.parse(day(1)) - index * 86_400_000).toISOString()),
    );
    for (const row of rows) await leave(row, []);
    await left(18);
    const plan = await planSource(source, false, NOW);
    expect([plan.pointsToRemove, plan.removals.length]).toEqual([59, 50]);
    expect(plan.removals[0]?.sk).toBe(rows.at(-1)?.sk);
  });

  it('tells everything in a dry run, and hands on nothing to remove', async () => {
    for (const date of [15, 16, 17, 18]) await left(date);
    const { points, removals, pointsToRemove } = await planSource(source, true, NOW);
    expect(points.map(({ action, reasons }) => [action, reasons[0]])).toEqual([
      ['keep', 'newest verified'],
      ['keep', 'last 2 of 2'],
      ['remove', 'no rule keeps it'],
      ['remove', 'no rule keeps it'],
    ]);
    expect([removals, pointsToRemove]).toEqual([[], 2]);
  });
});

describe('a point that is protected after the plan was made', () => {
  const update = (row: RunRow, name: 'hold' | 'restores', UpdateExpression: string, values: Record<string, unknown>) =>
    dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression,
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: values,
      }),
    );

  async function expectWhole(row: RunRow): Promise<void> {
    expect(await versionsOf(row)).toHaveLength(3);
    const now = await rowOf(row);
    expect(now).toMatchObject({ verdict: 'verified' });
    expect(now).not.toHaveProperty('deleting');
  }

  it('by a person stays whole', async () => {
    const row = await left(15);
    await left(18);
    await update(row, 'hold', 'SET #name = :hold', { ':hold': { by: 'ann', why: 'audit', at: day(17) } });
    expect(await apply(removal(row), removal(row, 'removeSnapshot'))).toMatchObject({
      removed: 0,
      kept: [{ why: 'it is held or being restored, or no later point is verified', isInterrupted: false }, {}],
    });
    await expectWhole(row);
  });

  it('by a restore stays whole until that is over', async () => {
    const row = await left(15);
    await left(18);
    const running = await executionThatIs(world.emulator, 'RUNNING');
    await update(row, 'restores', 'ADD #name :arns', { ':arns': new Set([running, FORGOTTEN]) });
    expect(await apply(removal(row))).toMatchObject({ removed: 0 });
    await expectWhole(row);
    expect((await rowOf(row)).restores).toEqual(new Set([running]));
    await update(row, 'restores', 'DELETE #name :arns', { ':arns': new Set([running]) });
    expect(await apply(removal(row))).toMatchObject({ removed: 1 });
  });

  it('because it is the newest verified stays whole, whatever the plan says', async () => {
    const row = await left(18);
    expect(await apply(removal(row))).toMatchObject({ removed: 0 });
    await expectWhole(row);
  });
});

describe('RDS snapshots', () => {
  it('go before their dumps, and the row says so', async () => {
    const old = pointRow(source, day(17));
    const snapshot = await snapshotOf(old);
    await leave({ ...old, snapshot });
    const newest = pointRow(source, day(18));
    await leave({ ...newest, snapshot: await snapshotOf(newest) });
    expect(await runRetention()).toEqual({ source, removed: 1, kept: [] });
    expect(await findSnapshot('instance', snapshot.identifier)).toBeUndefined();
    expect(await rowOf(old)).toMatchObject({
      verdict: 'verified',
      snapshot: null,
      snapshotDeletedAt: NOW.toISOString(),
    });
    expect(await versionsOf(old)).toHaveLength(3);
  });

  it('may outlive their dumps', async () => {
    const old = pointRow(source, day(15));
    const snapshot = await snapshotOf(old);
    await leave({ ...old, snapshot });
    await left(18);
    expect(await apply(removal(old, 'removeDump'))).toMatchObject({ removed: 1 });
    expect(await rowOf(old)).toMatchObject({ verdict: 'snapshot-only', deletedVerdict: 'verified', snapshot });
    expect(await versionsOf(old)).toEqual([]);
    expect(await apply(removal(old))).toMatchObject({ removed: 1 });
    expect(await findSnapshot('instance', snapshot.identifier)).toBeUndefined();
    expect(await rowOf(old)).toMatchObject({ deletedVerdict: 'verified', deletedAt: NOW.toISOString() });
  });

  it('of a failed run, which its row does not name, go with it', async () => {
    const failed = pointRow(source, day(16), { status: 'failed', verdict: undefined });
    const { identifier } = await snapshotOf(failed);
    await leave(failed, []);
    await left(18);
    expect(await runRetention()).toMatchObject({ removed: 1 });
    expect(await findSnapshot('instance', identifier)).toBeUndefined();
  });

  it('that another run has made stay', async () => {
    const failed = pointRow(source, day(16), { status: 'failed', verdict: undefined });
    const { identifier } = await snapshotOf({ ...failed, run: 'of-another-stage' });
    await leave(failed, []);
    await left(18);
    expect(await runRetention()).toMatchObject({ removed: 1 });
    expect(await findSnapshot('instance', identifier)).toBeDefined();
  });
});

describe('a removal that is interrupted anywhere', () => {
  it('leaves nothing that looks verified without its data, and is finished by the next run', async () => {
    const [row, newest] = [pointRow(source, day(15)), pointRow(source, day(18))];
    const snapshot = await snapshotOf(row);
    await leave({ ...row, snapshot });
    await leave(newest);
    let crashes = 0;
    for (let calls = 1; ; calls++) {
      const crash = crashAfter(calls);
      const isDone = await apply(removal(row)).then(
        () => true,
        () => false,
      );
      crash.stop();
      await expectHonest(row);
      if (isDone) break;
      crashes += 1;
      const { removals } = await planSource(source, false, NOW);
      if (crashes > 3 && (await rowOf(row)).deleting !== undefined) expect(removals).toMatchObject([{ sk: row.sk }]);
    }
    expect(crashes).toBeGreaterThan(5);
    expect(await rowOf(row)).toMatchObject({ deletedAt: NOW.toISOString() });
    expect(await versionsOf(row)).toEqual([]);
    expect(await findSnapshot('instance', snapshot.identifier)).toBeUndefined();
  }, 60_000);

  /** What says that it is verified, row or manifest, has its data. */
  async function expectHonest(row: RunRow): Promise<void> {
    const { verdict, deleting, dumps = [] } = await rowOf(row);
    const versions = await versionsOf(row);
    if ((verdict === 'verified' && deleting === undefined) || versions.includes('manifest.json')) {
      expect(versions).toEqual(['manifest.json', 'orders/1/archive.dump', 'orders/1/roles.sql']);
      expect(dumps).toHaveLength(1);
    }
  }
});

describe('an object lock', () => {
  let before: string;
  beforeAll(async () => {
    before = bucketName();
    await createBucket('locked-backups', true);
  });
  afterAll(() => {
    process.env['HOLDFAST_BUCKET'] = before;
  });

  it('that has time to run keeps the point whole, and is a result', async () => {
    await s3().send(
      new PutObjectLockConfigurationCommand({
        Bucket: bucketName(),
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2 } },
        },
      }),
    );
    const row = await left(15);
    await left(18);
    const result = await applyRemovals({ source, removals: [removal(row)] }, () => new Date());
    expect(result).toMatchObject({ removed: 0, kept: [{ why: expect.stringMatching(/^locked by S3 until 20/) }] });
    expect(await versionsOf(row)).toHaveLength(3);
    expect(await rowOf(row)).not.toHaveProperty('deleting');
    await s3().send(
      new PutObjectLockConfigurationCommand({
        Bucket: bucketName(),
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
      }),
    );
  });

  it('by a legal hold keeps the point whole', async () => {
    const row = await left(15);
    await left(18);
    const [object] = row.dumps?.[0]?.objects ?? [];
    await s3().send(
      new PutObjectLegalHoldCommand({
        Bucket: bucketName(),
        Key: object?.key,
        VersionId: object?.versionId ?? '',
        LegalHold: { Status: 'ON' },
      }),
    );
    expect(await apply(removal(row))).toMatchObject({ kept: [{ why: 'under a legal hold of S3' }] });
    expect(await versionsOf(row)).toHaveLength(3);
  });
});

const versionPrefix = ({ source: of, startedAt, run }: RunRow): string =>
  `${of}/${startedAt.slice(0, 10).replaceAll('-', '/')}/${run}/`;

/** The process "dies" with the n-th call of an AWS service, before or after it was carried out, in turn. */
function crashAfter(calls: number): { stop(): void } {
  let left = Math.ceil(calls / 2);
  const isCarriedOut = calls % 2 === 0;
  const clients = [dynamo(), s3(), rds()] as unknown as S3Client[];
  for (const client of clients) {
    client.middlewareStack.add(
      (next) => async (args) => {
        left -= 1;
        if (left < 0) throw new Error('the process is dead');
        if (left > 0) return next(args);
        if (isCarriedOut) await next(args);
        throw new Error('the process dies');
      },
      { name: 'crash', step: 'initialize' },
    );
  }
  return {
    stop: () => {
      for (const client of clients) client.middlewareStack.remove('crash');
    },
  };
}
