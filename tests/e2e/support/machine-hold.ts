/** Runs that are held half-way by an S3 that does not take their next part. */
import { setTimeout as sleep } from 'node:timers/promises';
import { endOf, startRun, type MachineRun } from './machine-run.ts';
import type { MachineWorld } from './machine-world.ts';
import type { S3Request, Treatment } from './worker-s3-proxy.ts';

export interface HeldRun extends MachineRun {
  /** Lets go of what is held, and of everything after it. */
  release(treatment?: Treatment): void;
}

interface Hold {
  readonly request: S3Request;
  /** How the key of the object ends. */
  readonly ending: string;
  /** How many such requests pass before. */
  readonly free?: number;
}

/** Starts a run and returns when S3 holds up a request of it. */
export async function holdRun(
  world: MachineWorld,
  input: { readonly source: string } & Readonly<Record<string, unknown>>,
  { request: heldRequest, ending, free = 0 }: Hold,
): Promise<HeldRun> {
  const held = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<Treatment>();
  let seen = 0;
  world.weather(input.source, (request, key) => {
    if (request !== heldRequest || !key.endsWith(ending) || ++seen <= free) return 'forward';
    held.resolve(undefined);
    return released.promise;
  });
  const run = await startRun(world, input);
  const ended = endOf(world, run).then((end) => {
    throw new Error(`the run ended before it was held up: ${JSON.stringify(end)}`);
  });
  ended.catch(() => undefined);
  await Promise.race([held.promise, ended]);
  return {
    ...run,
    release: (treatment = 'forward') => {
      released.resolve(treatment);
    },
  };
}

/** A dump of the database `large` whose buffers are all full: pg_dump waits for the worker, and the worker for S3. */
export async function holdHalfWay(world: MachineWorld, source: string): Promise<HeldRun> {
  const run = await holdRun(world, { source }, { request: 'part', ending: '/archive.dump', free: 1 });
  // The other buffers are filled within moments; nothing tells when.
  await sleep(500);
  return run;
}

/** Every byte is in S3 but for those of the evidence; nothing is visible. */
export function holdBeforeCommit(world: MachineWorld, input: Parameters<typeof holdRun>[1]): Promise<HeldRun> {
  return holdRun(world, input, { request: 'part', ending: '/evidence.json.gz' });
}
