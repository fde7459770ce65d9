import { describe, expect, it } from '@jest/globals';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../../../aws/clients.ts';
import { tableName } from '../../../aws/environment.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { FORGOTTEN } from '../guards-world.ts';
import { apply, left, leftNewest, night, removal } from './retention-scene.ts';
import { rowOf, versionsOf } from './world.ts';

export function checkProtection(): void {
  describe('a point that is protected after the plan was made', () => {
    const update = (
      row: RunRow,
      name: 'hold' | 'restores',
      UpdateExpression: string,
      values: Record<string, unknown>,
    ) =>
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
      await leftNewest();
      await update(row, 'hold', 'SET #name = :hold', { ':hold': { by: 'ann', why: 'audit', at: night(17) } });
      expect(await apply(removal(row), removal(row, 'removeSnapshot'))).toMatchObject({
        removed: 0,
        kept: [{ why: 'held: audit', isInterrupted: false }, {}],
      });
      await expectWhole(row);
    });

    it('by a restore stays whole until that is over', async () => {
      const row = await left(15);
      await leftNewest();
      const restore = { ':arns': new Set([FORGOTTEN]) };
      await update(row, 'restores', 'ADD #name :arns', restore);
      expect(await apply(removal(row))).toMatchObject({ removed: 0, kept: [{ why: 'being restored' }] });
      await expectWhole(row);
      await update(row, 'restores', 'DELETE #name :arns', restore);
      expect(await apply(removal(row))).toMatchObject({ removed: 1 });
    });

    it('because it is the newest verified stays whole, whatever the plan says', async () => {
      const row = await left(18);
      expect(await apply(removal(row))).toMatchObject({ removed: 0 });
      await expectWhole(row);
    });
  });
}
