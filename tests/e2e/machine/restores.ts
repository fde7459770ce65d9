/** Restores and restore tests through the deployed machines. */
import { expect, test } from '@jest/globals';
import type { ErrorCode } from '../../../core/errors.ts';
import { backUp, expectNotRestored, expectTested, fillStock } from '../support/machine-restoring.ts';
import { processesOf } from '../support/machine-leftovers.ts';
import { endOf, eventually, findRow, rowsStarting, startMachine, stopRun } from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import { query } from '../support/worker-leftovers.ts';
import type { FaultWorld } from './fault-world.ts';

const connection = { secret: 'server', sslMode: 'require' };
export const RESTORE_SOURCES: Readonly<Record<string, SourceConfig>> = {
  stock: {
    connection,
    databases: ['stock'],
    restoreTest: {
      cron: '0 6 1 1 ? *',
      rto: '4h',
      checks: [{ name: 'all parts', sql: 'SELECT count(*) FROM part', expect: 100 }],
    },
  },
  'never-dumped': { connection, databases: ['stock'] },
};

/** The server of the sources; the database is what a restore names. */
export const RESTORE_TARGETS: Readonly<Record<string, SourceConfig>> = {
  beside: { secret: 'server', sslMode: 'require' },
};

export function testRestores(world: () => FaultWorld): void {
  test.concurrent('a point comes back into a new database, and is proven by a test', async () => {
    await fillStock(world().server, 'stock');
    const point = await backUp(world(), 'stock');
    const to = { target: 'beside', database: 'stock_restored' };

    const planned = await startMachine(world(), 'restore', { source: 'stock', to, dryRun: true }, 'stock');
    expect(await endOf(world(), planned)).toMatchObject({
      status: 'SUCCEEDED',
      output: {
        point: { run: point.run, verdict: 'verified' },
        database: 'stock',
        toDatabase: 'stock_restored',
        thaw: { objects: 0, summary: 'nothing has to be thawed' },
      },
    });
    expect(await rowsStarting(world(), 'stock', 'RESTORE#')).toEqual([]);

    const restore = await startMachine(world(), 'restore', { source: 'stock', to, trigger: 'ci' }, 'stock');
    expect(await endOf(world(), restore)).toMatchObject({
      status: 'SUCCEEDED',
      output: { database: 'stock_restored', tables: 2, rows: 102 },
    });
    const rows = await query(world().server, 'stock_restored', 'SELECT n, name FROM part ORDER BY n');
    expect(rows).toEqual(await query(world().server, 'stock', 'SELECT n, name FROM part ORDER BY n'));
    expect(await world().mailbox.endOf(restore.run)).toMatchObject({
      subject: expect.stringMatching(/^\[holdfast\] SUCCEEDED stock: restored stock into stock_restored, /) as unknown,
      event: { kind: 'restore', point: point.run, databases: [{ rows: 102, failure: null }] },
    });
    expect(await rowsStarting(world(), 'stock', 'RESTORE#')).toMatchObject([{ status: 'succeeded', trigger: 'ci' }]);

    const again = await startMachine(world(), 'restore', { source: 'stock', to }, 'stock');
    await expectNotRestored(world(), again, 'TargetNotEmpty', /stock_restored/);
    expect((await world().mailbox.endOf(again.run)).text).toContain('It is as it was found: nothing was written.');

    const proof = await startMachine(world(), 'restoreTest', { source: 'stock' }, 'stock');
    expect(await endOf(world(), proof)).toMatchObject({
      status: 'SUCCEEDED',
      output: { rtoExceeded: false, checks: 1 },
    });
    await expectTested(world(), point, proof, 'passed');
    const mail = await world().mailbox.endOf(proof.run);
    expect(mail.subject).toMatch(/SUCCEEDED stock: restore test passed, recovery took \d+ s$/);
    expect(await findRow(world(), point)).not.toHaveProperty('restores');
  });

  test.concurrent('what cannot be restored is refused before anything is started', async () => {
    const refused = async (machine: 'restore' | 'restoreTest', input: object, code: ErrorCode, cause: RegExp) => {
      const run = await startMachine(world(), machine, { source: 'never-dumped', ...input }, 'never-dumped');
      await expectNotRestored(world(), run, code, cause);
    };
    await Promise.all([
      refused('restore', { to: { target: 'beside' } }, 'RecoveryPointNotFound', /no verified recovery point/),
      refused('restore', { to: { target: 'besides' } }, 'InvalidInput', /"besides" \(configured: beside\)/),
      refused('restore', { to: { target: 'beside' }, table: [] }, 'InvalidInput', /unknown key table \(allowed: /),
      refused('restoreTest', {}, 'RecoveryPointNotFound', /no verified recovery point/),
      refused('restoreTest', { window: '7d' }, 'RecoveryPointNotFound', /no verified recovery point/),
    ]);
  });
}

export function testStoppedRestore(world: () => FaultWorld): void {
  test('a restore whose execution is stopped ends its worker, and is announced', async () => {
    const [point] = await rowsStarting(world(), 'stock', 'RUN#');
    const input = { source: 'stock', to: { target: 'beside', database: 'stopped' } };
    const run = await startMachine(world(), 'restore', input, 'stock');
    await eventually('the worker runs', async () => (await processesOf('stock')).length > 0 || undefined);
    await stopRun(world(), run);
    expect(await world().mailbox.endOf(run.run)).toMatchObject({ outcome: 'aborted' });
    await eventually('the worker has ended', async () => (await processesOf('stock')).length === 0 || undefined);
    const key = { pk: String(point?.['pk']), sk: String(point?.['sk']) };
    expect(await findRow(world(), key)).not.toHaveProperty('restores');
  });
}
