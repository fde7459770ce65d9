import { describe, expect, it } from '@jest/globals';
import type { S3Client } from '@aws-sdk/client-s3';
import { dynamo, rds, s3 } from '../../../aws/clients.ts';
import { findSnapshot } from '../../../aws/snapshots.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { planSource } from '../../../functions/plan-retention.ts';
import { apply, left, NOW, removal, rowOfNight, sourceName } from './retention-scene.ts';
import { leave, rowOf, snapshotOf, versionsOf } from './world.ts';

export function checkInterruptions(): void {
  describe('a removal that is interrupted anywhere', () => {
    it('leaves nothing that looks verified without its data, and is finished by the next run', async () => {
      const [row, newest] = [rowOfNight(15), rowOfNight(18)];
      const snapshot = await snapshotOf(row);
      await leave({ ...row, snapshot });
      await left(17);
      await leave({ ...newest, snapshot: await snapshotOf(newest) });
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
        const { removals } = await planSource(sourceName(), false, NOW);
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
}

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
