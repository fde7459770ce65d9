/**
 * Every hour: how old is the newest verified point of each source? Read from the table, so that a schedule that is dead
 * and a run that never started are seen too. That this function itself has stopped is seen by its alarm.
 */
import { z } from 'zod';
import { publishAboutSources } from '../aws/publish.ts';
import { readSources, rememberTold } from '../aws/watch-store.ts';
import { assessFreshness, metricsOfSource, metricsOfStage, whomToTellOf, type Freshness } from '../core/freshness.ts';
import { composeOverdue } from '../core/freshness-message.ts';
import { deployedConfig } from './deployed-config.ts';
import { emitMetrics } from './emit-metrics.ts';
import { taskHandler } from './handler.ts';

/** @returns every source that is configured */
export async function checkFreshness(now: Date): Promise<Freshness[]> {
  const config = deployedConfig();
  const configured = Object.entries(config.sources).map(([source, { restoreTest }]) => ({
    source,
    isTested: restoreTest !== undefined,
  }));
  const known = await readSources(configured, now);
  const sources = known.map((each) => assessFreshness(each, config, now));
  for (const each of sources) emitMetrics(metricsOfSource(each), each.source, now);
  emitMetrics(metricsOfStage(sources), undefined, now);
  await tell(whomToTellOf(sources, now), now);
  for (const { source, isOverdue, toldAt } of sources) {
    if (!isOverdue && toldAt !== undefined) await rememberTold(source, undefined);
  }
  return sources;
}

/** Told first and remembered then: rather twice than never. */
async function tell(overdue: readonly Freshness[], now: Date): Promise<void> {
  if (overdue.length === 0) return;
  await publishAboutSources(composeOverdue(overdue));
  for (const { source } of overdue) await rememberTold(source, now.toISOString());
}

export const handler = taskHandler(z.unknown(), async () => {
  await checkFreshness(new Date());
});
