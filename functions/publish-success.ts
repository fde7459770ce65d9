/** State PublishSuccess: tells the topic what the recorded work amounts to. */
import { publishEnd } from '../aws/publish.ts';
import { getWork } from '../aws/run-store.ts';
import { PublishSuccessInput } from '../core/steps.ts';
import { taskHandler } from './handler.ts';

export const handler = taskHandler(PublishSuccessInput, async (work) => publishEnd(await getWork(work)));
