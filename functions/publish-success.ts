/** State PublishSuccess: tells the topic what the recorded run amounts to. */
import { publishEnd } from '../aws/publish.ts';
import { getRun } from '../aws/run-store.ts';
import { PublishSuccessInput } from '../core/steps.ts';
import { taskHandler } from './handler.ts';

export const handler = taskHandler(PublishSuccessInput, async (run) => publishEnd(await getRun(run)));
