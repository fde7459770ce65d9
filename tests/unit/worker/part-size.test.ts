import { describe, expect, test } from '@jest/globals';
import {
  PART_BUFFER_BYTES,
  PART_SIZE_MAX_BYTES,
  PART_SIZES,
  PARTS_MAX,
  partSizeBytes,
} from '../../../worker/part-size.ts';

const GIB = 1024 ** 3;
const sizeOf = (part: number): number => partSizeBytes(part, PART_SIZES);

/** What an upload of that size takes, part by part as the upload counts them. */
function simulate(sizeBytes: number): { parts: number; largestFileBytes: number } {
  let parts = 0;
  let largestFileBytes = 0;
  for (let held = 0; held < sizeBytes; held += sizeOf(parts)) {
    parts += 1;
    if (sizeOf(parts) > PART_BUFFER_BYTES) largestFileBytes = sizeOf(parts);
  }
  return { parts, largestFileBytes };
}

describe('partSizeBytes', () => {
  test.each([
    { name: '3 GB', sizeBytes: 3e9, parts: 573, largestFileBytes: 0 },
    { name: '40 GB', sizeBytes: 40e9, parts: 7_630, largestFileBytes: 0 },
    { name: '100 GB', sizeBytes: 100e9, parts: 8_577, largestFileBytes: 320 * 1024 ** 2 },
    { name: '5 TB', sizeBytes: 5e12, parts: 9_724, largestFileBytes: 5 * GIB },
    { name: '6.4 TB', sizeBytes: 6.4e12, parts: 9_985, largestFileBytes: 5 * GIB },
  ])('$name: $parts parts, the largest file $largestFileBytes bytes', ({ sizeBytes, parts, largestFileBytes }) => {
    expect(simulate(sizeBytes)).toEqual({ parts, largestFileBytes });
    expect(parts).toBeLessThanOrEqual(PARTS_MAX);
  });

  test('parts are what S3 takes and buffers make up, and never shrink', () => {
    expect(PART_BUFFER_BYTES).toBeGreaterThanOrEqual(5 * 1024 ** 2);
    for (let part = 1; part <= PARTS_MAX; part++) {
      expect(sizeOf(part) % PART_BUFFER_BYTES).toBe(0);
      expect(sizeOf(part + 1)).toBeGreaterThanOrEqual(sizeOf(part));
    }
    expect(sizeOf(PARTS_MAX)).toBe(PART_SIZE_MAX_BYTES);
  });
});
