/** State PublishFailure: tells the topic that a run failed, even when the table could not be told. */
import type { z } from 'zod';
import { publishEnd } from '../aws/publish.ts';
import { findRun } from '../aws/run-store.ts';
import { runKey } from '../core/keys.ts';
import { describeRun } from '../core/plan-run.ts';
import { PublishFailureInput } from '../core/steps.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function publishFailure(input: z.infer<typeof PublishFailureInput>): Promise<void> {
  const run = describeRun(input, deployedConfig());
  const key = runKey(run);
  const row = await findRun(key);
  const closed = row && row.status !== 'running';
  await publishEnd(closed ? row : { ...row, ...key, ...run, status: 'failed', failure: input.failure });
}

export const handler = taskHandler(PublishFailureInput, publishFailure);
