/** What tests have started is stopped when they are over, also when something else of it did not start. */
import { afterAll } from '@jest/globals';

type Stoppable = { stop(): Promise<unknown> } | { close(): Promise<unknown> };

/** Remembers what is started. @returns what it was given */
export type Keep = <Started extends Stoppable>(starting: Promise<Started>) => Promise<Started>;

/**
 * For the tests of a file or of a `describe`, where it is called: each thing is given to `keep` the moment that it is
 * begun to be started, so that nothing goes on without an owner when a `beforeAll` fails half-way. Stopped are the last
 * ones first, one after another, each also when another could not be stopped. What did not start was an error where it
 * was waited for, and is none here.
 */
export function stopAfterTests(): Keep {
  const kept: Promise<Stoppable>[] = [];
  afterAll(async () => {
    const failures: unknown[] = [];
    for (const outcome of (await Promise.allSettled(kept)).reverse()) {
      if (outcome.status === 'fulfilled') await stop(outcome.value).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not all was stopped');
  });
  return (starting) => {
    kept.push(starting);
    return starting;
  };
}

function stop(one: Stoppable): Promise<unknown> {
  return 'stop' in one ? one.stop() : one.close();
}
