/** State PublishStarted: tells the topic that a run has begun. */
import { publishRun } from '../aws/publish.ts';
import { getRun } from '../aws/run-store.ts';
import { PublishStartedInput } from '../core/steps.ts';
import { taskHandler } from './handler.ts';

export const handler = taskHandler(PublishStartedInput, async (run) => publishRun(await getRun(run)));
