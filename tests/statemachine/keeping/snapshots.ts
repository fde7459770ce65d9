import { describe, expect, it } from '@jest/globals';
import { findSnapshot } from '../../../aws/snapshots.ts';
import { apply, left, leftNewest, NOW, removal, rowOfNight, runRetention } from './retention-scene.ts';
import { leave, rowOf, snapshotOf, versionsOf } from './world.ts';

export function checkSnapshots(): void {
  describe('RDS snapshots', () => {
    it('go before their dumps, and the row says so', async () => {
      const old = rowOfNight(17);
      const snapshot = await snapshotOf(old);
      await leave({ ...old, snapshot });
      const newest = rowOfNight(18);
      await leave({ ...newest, snapshot: await snapshotOf(newest) });
      expect(await runRetention()).toMatchObject({ removed: 1, keptTotal: 0 });
      expect(await findSnapshot('instance', snapshot.identifier)).toBeUndefined();
      expect(await rowOf(old)).toMatchObject({
        verdict: 'verified',
        snapshot: null,
        snapshotDeletedAt: NOW.toISOString(),
      });
      expect(await versionsOf(old)).toHaveLength(3);
    });

    it('may outlive their dumps', async () => {
      const old = rowOfNight(15);
      const snapshot = await snapshotOf(old);
      await leave({ ...old, snapshot });
      await leftNewest();
      expect(await apply(removal(old, 'removeDump'))).toMatchObject({ removed: 1 });
      expect(await rowOf(old)).toMatchObject({ verdict: 'snapshot-only', deletedVerdict: 'verified', snapshot });
      expect(await versionsOf(old)).toEqual([]);
      const newer = rowOfNight(16);
      await leave({ ...newer, snapshot: await snapshotOf(newer) });
      expect(await apply(removal(old))).toMatchObject({ removed: 1 });
      expect(await findSnapshot('instance', snapshot.identifier)).toBeUndefined();
      expect(await rowOf(old)).toMatchObject({ deletedVerdict: 'verified', deletedAt: NOW.toISOString() });
    });

    it('of a failed run, which its row does not name, go with it', async () => {
      const failed = rowOfNight(16, { status: 'failed', verdict: undefined });
      const { identifier } = await snapshotOf(failed);
      await leave(failed, []);
      await left(18);
      expect(await runRetention()).toMatchObject({ removed: 1 });
      expect(await findSnapshot('instance', identifier)).toBeUndefined();
    });

    it('that another run has made stay', async () => {
      const failed = rowOfNight(16, { status: 'failed', verdict: undefined });
      const { identifier } = await snapshotOf({ ...failed, run: 'of-another-stage' });
      await leave(failed, []);
      await left(18);
      expect(await runRetention()).toMatchObject({ removed: 1 });
      expect(await findSnapshot('instance', identifier)).toBeDefined();
    });
  });
}
