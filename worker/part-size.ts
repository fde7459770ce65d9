/** Sizes of the parts of a multipart upload whose length is not known when it begins. */

const MEBIBYTE = 1024 ** 2;

/** S3's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (an object: all parts of the largest size). */
export const PARTS_MAX = 10_000;
export const PART_SIZE_MAX_BYTES = 5 * 1024 * MEBIBYTE;
const PART_SIZE_MIN_BYTES = 5 * MEBIBYTE;

/** Of a buffer, and of every part that is kept in one: as small as S3 allows, so that many streams share little memory. */
export const PART_BUFFER_BYTES = PART_SIZE_MIN_BYTES;

/** How the parts of an upload grow. */
export interface PartSizes {
  /** So many parts have the size of a buffer; those after them are kept in files. */
  readonly inMemory: number;
  /** After so many parts they are twice as large. */
  readonly doubledAfter: number;
}

/** 42 GB without a file, and 6.4 TB in all: 8,000 parts of 5 MiB, 1,000 that grow to 5 GiB, 1,000 of that size. */
export const PART_SIZES: PartSizes = { inMemory: 8_000, doubledAfter: 100 };

/**
 * A buffer's size times a power of two.
 * @param number of the part, from 1, as S3 counts
 */
export function partSizeBytes(number: number, { inMemory, doubledAfter }: PartSizes): number {
  const doublings = Math.ceil(Math.max(0, number - inMemory) / doubledAfter);
  return Math.min(PART_SIZE_MAX_BYTES, PART_BUFFER_BYTES * 2 ** doublings);
}
