/** The command against a deployed stack and a real PostgreSQL: each promise of its help text, by exit code and output. */
import { beforeAll, jest } from '@jest/globals';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { testBackups } from './backups.ts';
import { testRefusals } from './refusals.ts';
import { startShop, type Shop } from './shop.ts';
import { testWaiting } from './waiting.ts';

/** The first start on a machine installs the toolchain. */
jest.setTimeout(240_000);

const keep = stopAfterTests();
let world: Shop;
beforeAll(async () => {
  world = await startShop(keep);
});

testBackups(() => world);
testWaiting(() => world);
testRefusals(() => world);
