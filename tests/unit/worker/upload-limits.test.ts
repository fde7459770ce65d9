import { expect, test } from '@jest/globals';
import { uploadLimits } from '../../../worker/upload-limits.ts';

test('is patient by default', () => {
  expect(uploadLimits({})).toMatchObject({ giveUpAfterMs: 60_000, attemptTimeoutMs: 20_000 });
});

test('can be told otherwise', () => {
  const environment = { HOLDFAST_S3_GIVE_UP_MS: '1500', HOLDFAST_S3_ATTEMPT_MS: '300', HOLDFAST_PARTS_IN_MEMORY: '2' };
  expect(uploadLimits(environment)).toMatchObject({
    giveUpAfterMs: 1_500,
    attemptTimeoutMs: 300,
    partSizes: { inMemory: 2 },
  });
});

test.each(['', '0', '-1', '1.5', '1m', '99999999999'])('refuses "%s"', (value) => {
  expect(() => uploadLimits({ HOLDFAST_S3_GIVE_UP_MS: value })).toThrow(
    `HOLDFAST_S3_GIVE_UP_MS is "${value}": give a whole number`,
  );
});
