/** What the table remembers of sources between two looks. */
import { beforeAll, expect, it } from '@jest/globals';
import { readSources, rememberTold } from '../../../aws/watch-store.ts';
import { parseConfig } from '../../../core/config/parse.ts';
import { assessFreshness, type Freshness } from '../../../core/freshness.ts';
import { stopAfterTests } from '../../e2e/support/stop-after-tests.ts';
import { startGuardsWorld } from '../guards-world.ts';

const CONFIG = parseConfig(
  `sources: { orders: { connection: { secret: x }, restoreTest: { cron: "0 6 1 * ? *" } } }\n`,
  'holdfast.yml',
);
const FIRST = Date.parse('2025-01-01T00:07:00Z');
const day = (days: number): Date => new Date(FIRST + days * 86_400_000);

const keep = stopAfterTests();
beforeAll(async () => {
  await startGuardsWorld(keep);
});

/** What is known of the source on a day. */
async function look(days: number, isTested: boolean): Promise<Freshness> {
  const [known] = await readSources([{ source: 'orders', isTested }], day(days));
  if (!known) throw new Error('nothing is known of orders');
  return assessFreshness(known, CONFIG, day(days));
}

it('a restore test is awaited since it is configured, however long its source was watched before', async () => {
  await look(0, false);
  await rememberTold('orders', day(1).toISOString());
  expect(await look(365, true)).toMatchObject({ testAgeMs: 0, isTestOverdue: false });
  expect(await look(365 + 31, true)).toMatchObject({ isTestOverdue: false });
  expect(await look(365 + 33, true)).toMatchObject({
    isTestOverdue: true,
    watchedSince: day(0).toISOString(),
    testsSince: day(365).toISOString(),
    toldAt: day(1).toISOString(),
  });
});

it('a restore test that is taken out and comes back is a new one', async () => {
  expect(await look(500, false)).toMatchObject({ testAgeMs: null, isTestOverdue: false });
  expect(await look(600, true)).toMatchObject({ testAgeMs: 0, isTestOverdue: false });
});
