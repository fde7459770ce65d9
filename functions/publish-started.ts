/** State PublishStarted: tells the topic that work has begun. */
import { publishWork } from '../aws/publish.ts';
import { getWork } from '../aws/run-store.ts';
import { PublishStartedInput } from '../core/steps.ts';
import { taskHandler } from './handler.ts';

export const handler = taskHandler(PublishStartedInput, async (work) => publishWork(await getWork(work)));
