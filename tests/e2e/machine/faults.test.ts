/**
 * Everything that can go wrong around one run, through the deployed machine. All faults share one stack and go on at
 * once, each with a source of its own; each test lists what is left in S3, on the server and in the process table.
 */
import { afterAll, beforeAll, jest } from '@jest/globals';
import { startFaultWorld, type FaultWorld } from './fault-world.ts';
import { REFUSED_SOURCES, testRefused } from './refused.ts';

jest.setTimeout(180_000);

let world: FaultWorld;

beforeAll(async () => {
  world = await startFaultWorld({
    good: { connection: { secret: 'good', sslMode: 'require' } },
    ...REFUSED_SOURCES,
  });
});

afterAll(async () => {
  await world.stop();
});

testRefused(() => world);
