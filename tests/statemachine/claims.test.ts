import { beforeAll, describe, expect, it } from '@jest/globals';
import { claimSlot, claimSource, releaseSource } from '../../aws/claims.ts';
import { findRow } from '../../aws/run-store.ts';
import { activeKey, slotKey, testSlotKey } from '../../core/keys.ts';
import type { TestEmulator } from '../e2e/local/test-emulator.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { executionThatIs, FORGOTTEN, startGuardsWorld } from './guards-world.ts';

const keep = stopAfterTests();
let emulator: TestEmulator;
let running: string;
let succeeded: string;
let failed: string;
beforeAll(async () => {
  emulator = await startGuardsWorld(keep);
  running = await executionThatIs(emulator, 'RUNNING');
  succeeded = await executionThatIs(emulator, 'SUCCEEDED');
  failed = await executionThatIs(emulator, 'FAILED');
});

let sources = 0;
const newSource = (): string => `source-${++sources}`;

function claimant(source: string, executionArn: string) {
  return { source, run: executionArn.split(':').at(-1) ?? '', startedAt: '2025-11-21T02:30:11.000Z', executionArn };
}

const SLOT = '2025-11-21T02:30:00Z';
const ownerOf = async (source: string): Promise<unknown> => (await findRow(activeKey(source)))?.['owner'];

describe('the claim of a source', () => {
  it('is taken where it is free, and again by the same run', async () => {
    const me = claimant(newSource(), running);
    await claimSource(me);
    await claimSource(me);
    expect(await ownerOf(me.source)).toBe(running);
  });

  it('stands in the way of another while its owner runs, and names it', async () => {
    const source = newSource();
    const owner = claimant(source, running);
    await claimSource(owner);
    await expect(claimSource(claimant(source, FORGOTTEN))).rejects.toMatchObject({
      name: 'RunInProgress',
      message: `run ${owner.run} of source ${source} is still active (${running})`,
    });
  });

  it.each([
    ['failed', () => failed],
    ['succeeded', () => succeeded],
    ['is forgotten', () => FORGOTTEN],
  ])('is taken over from an owner that %s', async (_title, previous) => {
    const source = newSource();
    await claimSource(claimant(source, previous()));
    await claimSource(claimant(source, running));
    expect(await ownerOf(source)).toBe(running);
  });

  it.each([
    ['a free source', undefined],
    ['an abandoned one', FORGOTTEN],
  ])('of %s has one winner among many', async (_title, previous) => {
    const source = newSource();
    if (previous !== undefined) await claimSource(claimant(source, previous));
    const racers = await Promise.all(Array.from({ length: 5 }, () => executionThatIs(emulator, 'RUNNING')));
    const results = await Promise.allSettled(racers.map((racer) => claimSource(claimant(source, racer))));
    const winners = racers.filter((_racer, index) => results[index]?.status === 'fulfilled');
    expect(winners).toEqual([await ownerOf(source)]);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'RunInProgress' });
    }
  });

  it('is the same for a run whose first answer was lost', async () => {
    const me = claimant(newSource(), running);
    const claims = Array.from({ length: 5 }, () => claimSource(me));
    await expect(Promise.all(claims)).resolves.toHaveLength(5);
  });

  it('is released by its owner only, and twice without harm', async () => {
    const me = claimant(newSource(), running);
    await claimSource(me);
    await releaseSource({ source: me.source, executionArn: failed });
    expect(await ownerOf(me.source)).toBe(running);
    await releaseSource(me);
    await releaseSource(me);
    expect(await ownerOf(me.source)).toBeUndefined();
  });
});

describe('the claim of a slot', () => {
  const claimed = (me: ReturnType<typeof claimant>, slot = SLOT): Promise<string | null> =>
    claimSlot(me, slotKey(me.source, slot));

  it.each([
    ['is being done', () => running],
    ['was done', () => succeeded],
  ])('that %s names who does it', async (_title, first) => {
    const source = newSource();
    expect(await claimed(claimant(source, first()))).toBeNull();
    const second = await executionThatIs(emulator, 'RUNNING');
    expect(await claimed(claimant(source, second))).toBe(first());
  });

  it('that failed is taken over', async () => {
    const source = newSource();
    await claimed(claimant(source, failed), SLOT);
    expect(await claimed(claimant(source, running))).toBeNull();
  });

  it("is the run's own when its step runs again", async () => {
    const me = claimant(newSource(), running);
    expect([await claimed(me), await claimed(me)]).toEqual([null, null]);
  });

  it('is another for another slot, for another source, and for a restore test of that moment', async () => {
    const source = newSource();
    await claimed(claimant(source, running), SLOT);
    const second = await executionThatIs(emulator, 'RUNNING');
    expect(await claimed(claimant(source, second), '2025-11-22T02:30:00Z')).toBeNull();
    expect(await claimed(claimant(newSource(), second))).toBeNull();
    expect(await claimSlot(claimant(source, second), testSlotKey(source, SLOT))).toBeNull();
  });
});
