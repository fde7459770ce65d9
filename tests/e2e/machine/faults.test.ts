/**
 * Everything that can go wrong around one run, through the deployed machine. All faults share one stack and go on at
 * once, each with a source of its own; each test lists what is left in S3, on the server and in the process table.
 */
import { beforeAll, expect, test } from '@jest/globals';
import { placesThatHold } from '../support/machine-secrets.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { startFaultWorld, type FaultWorld } from './fault-world.ts';
import { CLAIM_SOURCES, testClaims } from './claims.ts';
import { GOOD_SOURCES, testGood } from './good.ts';
import { HALF_SOURCES, testHalves, testQuota } from './halves.ts';
import { INTERRUPTED_SOURCES, testInterrupted } from './interrupted.ts';
import { REFUSED_SOURCES, testRefused } from './refused.ts';
import { RESTORE_TEST_SOURCES, testRestoreTests } from './restore-tests.ts';
import { RESTORE_SOURCES, testRestores, testStoppedRestore } from './restores.ts';
import { testVerification, VERIFICATION_SOURCES } from './verification.ts';

const keep = stopAfterTests();
let world: FaultWorld;

beforeAll(async () => {
  world = await startFaultWorld(keep, {
    good: { connection: { secret: 'server', sslMode: 'require' }, databases: ['shop'] },
    ...REFUSED_SOURCES,
    ...INTERRUPTED_SOURCES,
    ...CLAIM_SOURCES,
    ...HALF_SOURCES,
    ...VERIFICATION_SOURCES,
    ...GOOD_SOURCES,
    ...RESTORE_SOURCES,
    ...RESTORE_TEST_SOURCES,
  });
});

testHalves(() => world);
testGood(() => world);
testInterrupted(() => world);
testVerification(() => world);
testClaims(() => world);
testRefused(() => world);
testRestores(() => world);
testRestoreTests(() => world);
testStoppedRestore(() => world);
testQuota(() => world);

test('every run was announced, and its end only once', () => {
  const ends = world.mailbox.mails.filter(({ outcome }) => outcome !== 'started').map(({ event }) => event.run);
  expect(ends).toHaveLength(new Set(ends).size);
});

test('the password is in no log, row, mail or history', async () => {
  expect(await placesThatHold(world, world.server.password)).toEqual([]);
});
