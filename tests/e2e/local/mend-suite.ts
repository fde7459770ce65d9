/**
 * Every check of a mend runs twice: with all mends it must hold, and without that one it must not. So a mend that the
 * emulator no longer needs, and a check that cannot fail, both show.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { startTestEmulator, type TestEmulator } from './test-emulator.ts';

/** The first start on a machine may install the toolchain. */
const TIMEOUT_MS = 120_000;

export type Check = (emulator: TestEmulator) => Promise<void>;

/**
 * @param mend name of a file in local/emulator/mends without its ending
 * @param environment more variables of the emulator
 */
export function describeMend(
  mend: string,
  checks: Readonly<Record<string, Check>>,
  environment: Readonly<Record<string, string>> = {},
): void {
  describe.each([
    { name: `with the mend ${mend}`, withoutMend: undefined },
    { name: `without the mend ${mend}`, withoutMend: mend },
  ])('$name', ({ withoutMend }) => {
    const keep = stopAfterTests();
    let emulator: TestEmulator;
    beforeAll(async () => {
      emulator = await keep(startTestEmulator(withoutMend, environment));
    }, TIMEOUT_MS);

    const verdict = withoutMend === undefined ? 'holds' : 'does not hold';
    it.each(Object.entries(checks))(
      `${verdict}: %s`,
      async (_title, check) => {
        if (withoutMend === undefined) await check(emulator);
        else await expect(check(emulator)).rejects.toThrow();
      },
      TIMEOUT_MS,
    );
  });
}

/** Polls until `read` gives a value. @throws after `timeoutMs` */
export async function eventually<T>(read: () => Promise<T | undefined>, timeoutMs = 6000): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ;) {
    const value = await read();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`nothing after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
