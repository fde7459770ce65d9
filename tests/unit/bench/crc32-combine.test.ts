import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32Combine } from '../../bench/sink/crc32-combine.ts';

test('of two pieces it is what the whole has', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
      const whole = crc32(second, crc32(first));
      expect(crc32Combine(crc32(first), crc32(second), second.length)).toBe(whole);
    }),
  );
});

test('of pieces longer than 4 GiB it is the same in two steps as in one', () => {
  const [first, second, third] = [0x12345678, 0x9abcdef0, 0x0fedcba9];
  const [secondBytes, thirdBytes] = [5 * 2 ** 40, 3 * 2 ** 31 + 1];
  const inOrder = crc32Combine(crc32Combine(first, second, secondBytes), third, thirdBytes);
  const fromTheEnd = crc32Combine(first, crc32Combine(second, third, thirdBytes), secondBytes + thirdBytes);
  expect(inOrder).toBe(fromTheEnd);
});
