/** Who may back up a source: one run at a time, and one run for a slot of the schedule. */
import { expect, test } from '@jest/globals';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { activeKey, slotKey } from '../../../core/keys.ts';
import { expectAnnounced, expectNothing, expectSucceeded } from '../support/machine-expect.ts';
import { holdBeforeCommit } from '../support/machine-hold.ts';
import {
  activeRun,
  endOf,
  findRow,
  rowOf,
  rowsOf,
  rowsOfSource,
  startRun,
  type MachineRun,
} from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import type { FaultWorld } from './fault-world.ts';

const small: SourceConfig = { connection: { secret: 'server', sslMode: 'require' }, databases: ['shop'] };

export const CLAIM_SOURCES: Readonly<Record<string, SourceConfig>> = {
  'one-slot': small,
  'failed-slot': { ...small, connection: { secret: 'failed-slot', sslMode: 'require' } },
  'one-run': small,
  'raced-slot': small,
  'dead-owner': small,
};

const scheduledTime = '2026-03-01T02:30:00Z';

export function testClaims(world: () => FaultWorld): void {
  /** Ends well, does nothing and tells nobody. */
  const expectDuplicate = async (run: MachineRun, of: MachineRun): Promise<void> => {
    expect(await endOf(world(), run)).toMatchObject({
      status: 'SUCCEEDED',
      output: { duplicateOf: of.executionArn },
    });
    expect(await rowsOf(world(), run)).toEqual([]);
    expect(world().mailbox.about(run.run)).toEqual([]);
  };

  test.concurrent('a slot that is delivered again while its run goes on, and after it: Duplicate', async () => {
    const slot = { source: 'one-slot', trigger: 'schedule', scheduledTime };
    const first = await holdBeforeCommit(world(), slot);
    const second = await startRun(world(), slot);
    await expectDuplicate(second, first);
    expect(await activeRun(world(), slot.source)).toBe(first.run);
    first.release();
    const servers = [world().server];
    expect(await expectSucceeded(world(), first, { servers })).toMatchObject({ trigger: 'schedule' });
    const third = await startRun(world(), slot);
    await expectDuplicate(third, first);
    expect(await findRow(world(), slotKey(slot.source, scheduledTime))).toMatchObject({ owner: first.executionArn });
    // Every mail that a second run could send has had its time.
    expect(world().mailbox.about(second.run)).toEqual([]);
    await expectSucceeded(world(), first, { servers });
  });

  test.concurrent('a slot that is delivered again after its run has failed: taken over', async () => {
    const { server, stack } = world();
    const { host, port, user: username, password } = server;
    const slot = { source: 'failed-slot', trigger: 'schedule', scheduledTime };
    await stack.putSecret(slot.source, { host, port, username, password: 'no longer' });
    const first = await startRun(world(), slot);
    await expectNothing(world(), first, { code: 'AuthFailed', cause: /refused the login/, servers: [server] });
    await stack.putSecret(slot.source, { host, port, username, password });
    const second = await startRun(world(), slot);
    await expectSucceeded(world(), second, { servers: [server] });
    expect(await findRow(world(), slotKey(slot.source, scheduledTime))).toMatchObject({ owner: second.executionArn });
  });

  test.concurrent('a second run while one is active: RunInProgress, and the first goes on', async () => {
    const source = 'one-run';
    const first = await holdBeforeCommit(world(), { source });
    const second = await startRun(world(), { source });
    const message = expect.stringContaining(`run ${first.run} of source one-run is still active`) as unknown;
    expect(await endOf(world(), second)).toMatchObject({ status: 'FAILED', error: 'RunInProgress', cause: message });
    expect(await rowOf(world(), second)).toMatchObject({
      status: 'failed',
      failure: { code: 'RunInProgress', message },
    });
    await expectAnnounced(world(), second, 'failed', 'RunInProgress');
    expect(await activeRun(world(), source)).toBe(first.run);
    first.release();
    await expectSucceeded(world(), first, { servers: [world().server] });
  });

  test.concurrent('a slot that is delivered three times at once: one run', async () => {
    const slot = { source: 'raced-slot', trigger: 'schedule', scheduledTime };
    const runs = await Promise.all([1, 2, 3].map(() => startRun(world(), slot)));
    const ends = await Promise.all(runs.map((run) => endOf(world(), run)));
    expect(ends.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    const [winner, ...others] = await rowsOfSource(world(), slot.source);
    expect(others).toEqual([]);
    const first = runs.find(({ run }) => run === winner?.run);
    if (!first) throw new Error('the row is of another run');
    await expectSucceeded(world(), first, { servers: [world().server] });
    for (const run of runs.filter((one) => one !== first)) await expectDuplicate(run, first);
  });

  test.concurrent('a claim that a dead execution left: taken over', async () => {
    const { stack, server } = world();
    const source = 'dead-owner';
    const dead = await startRun(world(), { source, include: [] });
    await endOf(world(), dead);
    const claim = { owner: dead.executionArn, run: dead.run, startedAt: new Date().toISOString(), attempt: 3 };
    const Item = { ...activeKey(source), ...claim };
    await stack.clients.dynamo.send(new PutCommand({ TableName: stack.info.table, Item }));
    await expectSucceeded(world(), await startRun(world(), { source }), { servers: [server] });
  });
}
