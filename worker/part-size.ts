/** Sizes of the parts of a multipart upload whose length is not known when it begins. */

/** S3's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const PARTS_MAX = 10_000;
export const OBJECT_SIZE_MAX_BYTES = 5 * 1024 ** 4;
export const PART_SIZE_MAX_BYTES = 5 * 1024 ** 3;

export const FIRST_PART_SIZE_BYTES = 8 * 1024 ** 2;

/**
 * Parts grow with the square of their number: a dump of up to 5 GB is sent in small parts, and 10,000 parts still hold
 * the largest object that S3 takes. The factor makes the sum over all parts just that.
 */
const GROWTH_BYTES = (3 * OBJECT_SIZE_MAX_BYTES) / PARTS_MAX ** 3;

/** @param partNumber from 1, as S3 counts */
export function partSizeBytes(partNumber: number): number {
  return roundUp(Math.max(FIRST_PART_SIZE_BYTES, GROWTH_BYTES * partNumber ** 2));
}

/** To 2^n or 1.5 × 2^n, so that buffers of one size serve many parts before they have to grow. */
function roundUp(sizeBytes: number): number {
  const power = 2 ** Math.ceil(Math.log2(sizeBytes));
  const between = power * 0.75;
  return between >= sizeBytes ? between : power;
}
