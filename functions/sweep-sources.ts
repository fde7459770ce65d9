/**
 * Part of Sweep: sources that somebody has taken out of holdfast.yml, and that have left something in the bucket. Nothing
 * of them is removed, because nobody has said so; people are told once.
 */
import { bucketName } from '../aws/environment.ts';
import { publishAboutSources } from '../aws/publish.ts';
import { sourcesInBucket } from '../aws/run-folders.ts';
import { rememberUnconfigured, wasToldUnconfigured } from '../aws/watch-store.ts';
import { composeUnconfigured } from '../core/unconfigured-message.ts';

/** Told first and remembered then: rather twice than never. */
export async function tellOfUnconfigured(configured: readonly string[], now: Date): Promise<void> {
  const untold: string[] = [];
  for (const source of await sourcesInBucket(bucketName())) {
    if (!configured.includes(source) && !(await wasToldUnconfigured(source))) untold.push(source);
  }
  if (untold.length === 0) return;
  await publishAboutSources(composeUnconfigured(untold));
  for (const source of untold) await rememberUnconfigured(source, now);
}
