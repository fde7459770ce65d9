import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { base64OfCrc32, combineCrc32 } from '../../../core/crc32.ts';

test('is written as S3 does: four bytes, the highest first', () => {
  expect(base64OfCrc32(0x00010203)).toBe('AAECAw==');
  expect(base64OfCrc32(0xffffffff)).toBe('/////w==');
});

test('is the checksum of both pieces in a row', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      const whole = crc32(Buffer.concat([first, second]));
      expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(whole);
    }),
  );
});

test('also of a piece whose length in bits is more than 32 bits hold', () => {
  const half = Buffer.alloc(300_000_000);
  const checksum = crc32(half);
  const twice = combineCrc32(checksum, checksum, half.length);
  expect(combineCrc32(twice, checksum, half.length)).toBe(crc32(half, crc32(half, checksum)));
  expect(combineCrc32(checksum, twice, 2 * half.length)).toBe(crc32(half, crc32(half, checksum)));
});
