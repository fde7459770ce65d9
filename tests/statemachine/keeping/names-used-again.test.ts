/** Step Functions lets the name of an execution be used again after 90 days: two runs, maybe of two sources, one name. */
import { describe, expect, it } from '@jest/globals';
import { findRunByName } from '../../../aws/recovery-points.ts';
import { tableName } from '../../../aws/environment.ts';
import { findSnapshot } from '../../../aws/snapshots.ts';
import { accept, hold, release } from '../../../cli/commands/remarks.ts';
import type { Context } from '../../../cli/context.ts';
import { snapshotIdentifier } from '../../../core/keys.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { sweep } from '../../../functions/sweep.ts';
import { createCluster } from './tasks.ts';
import { leave, pointRow, record, rowOf, snapshotOf, shareKeepingWorld, takeSnapshot } from './world.ts';

const CONFIG = `defaults: { rds: { instance: orders-prod }, connection: { secret: x } }
sources:
  orders: {}
  other: {}
`;

shareKeepingWorld(CONFIG, createCluster);

const NOW = new Date('2026-11-18T09:37:00Z');
const SPRING = '2026-05-01T02:30:00.000Z';
const AUTUMN = '2026-11-16T02:30:00.000Z';

const context = (): Context => ({ deployment: { table: tableName(), bucket: 'backups' } }) as Context;

async function leaveWithSnapshot(row: RunRow): Promise<RunRow> {
  return leave({ ...row, snapshot: await snapshotOf(row) });
}

const isThere = async (row: RunRow): Promise<boolean> =>
  (await findSnapshot('instance', snapshotIdentifier(row))) !== undefined;

describe('the snapshot of a run whose name was used before', () => {
  it.each([
    ['orders', AUTUMN],
    ['other', '2026-11-14T02:30:00.000Z'],
  ])('stays when the older run, of %s, is removed', async (source, startedAt) => {
    const run = `before-release-of-${source}`;
    await record(pointRow(source, SPRING, { run, verdict: undefined, deletedAt: AUTUMN }));
    const living = await leaveWithSnapshot(pointRow('orders', startedAt, { run }));
    expect((await sweep(NOW)).filter(({ kind }) => kind !== 'claim')).toEqual([]);
    expect(await isThere(living)).toBe(true);
  });

  it('of the older run goes when that is removed', async () => {
    const removed = pointRow('orders', '2026-05-02T02:30:00.000Z', {
      run: 'weekly',
      verdict: undefined,
      deletedAt: AUTUMN,
    });
    await record(removed);
    await snapshotOf(removed);
    await leave(pointRow('orders', '2026-11-15T02:30:00.000Z', { run: 'weekly' }));
    await sweep(NOW);
    expect(await isThere(removed)).toBe(false);
  });

  it('that has the name of a removed run, and is none of its, is only told of', async () => {
    await record(
      pointRow('orders', '2026-05-03T02:30:00.000Z', { run: 'gone', verdict: undefined, deletedAt: AUTUMN }),
    );
    await takeSnapshot('hf-orders-20261117-023000', {
      'holdfast:stage': 'local',
      'holdfast:source': 'orders',
      'holdfast:run': 'gone',
    });
    expect(await sweep(NOW)).toMatchObject([{ what: 'hf-orders-20261117-023000', isEnded: false }]);
  });
});

describe('a name that two runs have', () => {
  it('means the newer one, where it is only looked at', async () => {
    await record(pointRow('orders', SPRING, { run: 'again' }));
    const newer = pointRow('other', AUTUMN, { run: 'again' });
    await record(newer);
    expect(await findRunByName(tableName(), 'again')).toMatchObject({ sk: newer.sk });
  });

  it('is refused where something is said of a point, with both; a start tells them apart', async () => {
    const older = await leave(pointRow('orders', SPRING, { run: 'twice' }));
    const newer = await leave(pointRow('other', AUTUMN, { run: 'twice', verdict: 'suspect', status: 'failed' }));
    const both = `twice#${AUTUMN} (other), twice#${SPRING} (orders)`;
    for (const say of [
      hold('twice', 'audit', context()),
      release('twice', context()),
      accept('twice', 'x', context()),
    ]) {
      await expect(say).rejects.toMatchObject({ code: 'InvalidInput', message: expect.stringContaining(both) });
    }
    await hold(`twice#${SPRING}`, 'audit', context());
    expect([(await rowOf(older)).hold, (await rowOf(newer)).hold]).toMatchObject([{ why: 'audit' }, undefined]);
  });

  it('means the one that is left, where the other is removed', async () => {
    await record(pointRow('orders', SPRING, { run: 'left', verdict: undefined, deletedAt: AUTUMN }));
    const living = await leave(pointRow('other', AUTUMN, { run: 'left' }));
    await hold('left', 'audit', context());
    expect((await rowOf(living)).hold).toMatchObject({ why: 'audit' });
  });
});
