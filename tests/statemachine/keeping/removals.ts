import { describe, expect, it } from '@jest/globals';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../../../aws/clients.ts';
import { tableName } from '../../../aws/environment.ts';
import { findRow } from '../../../aws/run-store.ts';
import {
  activeKey,
  objectKey,
  restoreKey,
  restoreTestKey,
  slotKey,
  testedKey,
  watchedKey,
} from '../../../core/keys.ts';
import { planSource } from '../../../functions/plan-retention.ts';
import { restoreRow, testRow } from '../../unit/core/restore-samples.ts';
import {
  apply,
  left,
  leftNewest,
  night,
  NOW,
  removal,
  rowOfNight,
  runRetention,
  sourceName,
} from './retention-scene.ts';
import { deleteObject, leave, pointRow, putObject, rowOf, versionsOf } from './world.ts';

export function checkRemovals(): void {
  describe('a run of retention', () => {
    it('removes what no rule keeps, oldest first, and leaves a row that says so', async () => {
      const [oldest, old, , newest] = [await left(15), await left(16), await left(17), await left(18)];
      const { removals } = await planSource(sourceName(), false, NOW);
      expect(removals.map(({ sk }) => sk)).toEqual([oldest.sk, old.sk]);
      expect(await runRetention()).toEqual({ source: sourceName(), removed: 2, postponed: 0, keptTotal: 0, kept: [] });
      expect(await versionsOf(oldest)).toEqual([]);
      expect(await versionsOf(newest)).toEqual(['manifest.json', 'orders/1/archive.dump', 'orders/1/roles.sql']);
      const row = await rowOf(oldest);
      expect(row).toMatchObject({
        deletedAt: NOW.toISOString(),
        deletedVerdict: 'verified',
        removalReasons: ['no rule keeps it'],
      });
      for (const gone of ['verdict', 'dumps', 'deleting', 'verification']) expect(row).not.toHaveProperty(gone);
      expect(await planSource(sourceName(), false, NOW)).toMatchObject({ pointsKept: 2, removals: [] });
    });

    it('removes every version and every delete marker of the run, and nothing of another', async () => {
      const row = await left(15);
      const alike = await leave(rowOfNight(15, { run: `${row.run}0` }));
      await putObject(objectKey(row, 'orders', 1, 'archive.dump'), 'a second version');
      await deleteObject(objectKey(row, 'orders', 1, 'archive.dump'));
      expect(await versionsOf(row)).toHaveLength(5);
      await leftNewest();
      expect(await apply(removal(row))).toMatchObject({ removed: 1 });
      expect(await versionsOf(row)).toEqual([]);
      expect(await versionsOf(alike)).toHaveLength(3);
    });

    it('sees only runs: restores, their tests, claims and what is remembered of the source stay as they are', async () => {
      const row = await left(15);
      await leftNewest();
      const source = sourceName();
      const old = { source, run: 'old', startedAt: night(1) };
      const others = [
        restoreRow(null, { ...old, ...restoreKey(old), status: 'failed' }),
        testRow(null, { ...old, ...restoreTestKey(old), status: 'running' }),
        ...[activeKey(source), testedKey(source), watchedKey(source), slotKey(source, night(1))].map((key) => ({
          ...{ ...key, ...old, owner: 'arn:x' },
        })),
      ];
      for (const Item of others) await dynamo().send(new PutCommand({ TableName: tableName(), Item }));
      expect(await planSource(source, false, NOW)).toMatchObject({
        pointsKept: 2,
        pointsToRemove: 1,
        unreadableRows: 0,
      });
      expect(await runRetention()).toMatchObject({ removed: 1, kept: [] });
      expect(await rowOf(row)).toMatchObject({ deletedAt: NOW.toISOString() });
      for (const { pk, sk, ...rest } of others) expect(await findRow({ pk, sk })).toMatchObject({ pk, sk, ...rest });
    });

    it('may be repeated', async () => {
      const row = await left(15);
      await leftNewest();
      expect(await apply(removal(row))).toMatchObject({ removed: 1 });
      const tombstone = await rowOf(row);
      expect(await apply(removal(row))).toMatchObject({ removed: 1, kept: [] });
      expect(await rowOf(row)).toEqual(tombstone);
    });

    it('removes what a failed run left, once a later point is verified', async () => {
      const failed = await left(17, { status: 'failed', verdict: undefined });
      await left(16);
      expect((await planSource(sourceName(), false, NOW)).removals).toEqual([]);
      await left(18);
      expect(await runRetention()).toMatchObject({ removed: 1 });
      expect(await versionsOf(failed)).toEqual([]);
      expect(await rowOf(failed)).toMatchObject({ status: 'failed', deletedAt: NOW.toISOString() });
    });

    it('removes at most 50 points of a source, the oldest first, and the rest with the next', async () => {
      const rows = Array.from({ length: 60 }, (_, index) =>
        pointRow(sourceName(), new Date(Date.parse(night(1)) - index * 86_400_000).toISOString()),
      );
      for (const row of rows) await leave(row, []);
      await leftNewest();
      expect(await runRetention()).toMatchObject({ removed: 50, postponed: 10 });
      const gone = await Promise.all(rows.map(async (row) => (await rowOf(row)).deletedAt !== undefined));
      expect(gone).toEqual(rows.map((_, index) => index >= 10));
      expect(await runRetention()).toMatchObject({ removed: 10, postponed: 0 });
    });

    it('tells everything in a dry run, and hands on nothing to remove', async () => {
      for (const date of [15, 16, 17, 18]) await left(date);
      const { points, removals, pointsToRemove } = await planSource(sourceName(), true, NOW);
      expect(points.map(({ action, reasons }) => [action, reasons[0]])).toEqual([
        ['keep', 'newest verified'],
        ['keep', 'last 2 of 2'],
        ['remove', 'no rule keeps it'],
        ['remove', 'no rule keeps it'],
      ]);
      expect([removals, pointsToRemove]).toEqual([[], 2]);
    });
  });
}
