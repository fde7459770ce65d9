/** State PublishFailure: tells the topic that work failed, even when the table could not be told. */
import type * as z from 'zod';
import { publishEnd } from '../aws/publish.ts';
import { findWork } from '../aws/run-store.ts';
import { describeWork } from '../core/describe-work.ts';
import { PublishFailureInput } from '../core/steps.ts';
import { failedRow, workKey } from '../core/work-row.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function publishFailure(input: z.infer<typeof PublishFailureInput>): Promise<void> {
  const work = describeWork(input, deployedConfig());
  const row = await findWork(workKey(work.kind, work));
  const closed = row && row.status !== 'running';
  if (closed) await publishEnd(row);
  else await publishEnd({ ...(row ?? failedRow(work)), status: 'failed', failure: input.failure });
}

export const handler = taskHandler(PublishFailureInput, publishFailure);
