import { describe, expect, test } from '@jest/globals';
import {
  FIRST_PART_SIZE_BYTES,
  OBJECT_SIZE_MAX_BYTES,
  PART_SIZE_MAX_BYTES,
  PARTS_MAX,
  partSizeBytes,
} from '../../../worker/part-size.ts';

/** How many parts an object of that size takes. */
function partsFor(sizeBytes: number): number {
  let part = 0;
  for (let held = 0; held < sizeBytes;) held += partSizeBytes(++part);
  return part;
}

describe('partSizeBytes', () => {
  test('the largest object of S3 fits in 10,000 parts that S3 takes', () => {
    expect(partsFor(OBJECT_SIZE_MAX_BYTES)).toBeLessThanOrEqual(PARTS_MAX);
    expect(partSizeBytes(PARTS_MAX)).toBeLessThanOrEqual(PART_SIZE_MAX_BYTES);
  });

  test('starts small and stays small for a dump of a few gigabytes', () => {
    expect(FIRST_PART_SIZE_BYTES).toBe(8 * 1024 ** 2);
    expect(partSizeBytes(1)).toBe(FIRST_PART_SIZE_BYTES);
    expect(partSizeBytes(partsFor(5 * 1024 ** 3))).toBe(FIRST_PART_SIZE_BYTES);
    expect(partSizeBytes(partsFor(500 * 1024 ** 3))).toBeLessThanOrEqual(512 * 1024 ** 2);
  });

  test('never shrinks, and is a whole number', () => {
    for (let part = 1; part < PARTS_MAX; part++) {
      expect(Number.isInteger(partSizeBytes(part))).toBe(true);
      expect(partSizeBytes(part + 1)).toBeGreaterThanOrEqual(partSizeBytes(part));
    }
  });
});
