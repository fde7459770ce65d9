/** The CRC-32 of an object from those of its parts, and as S3 writes it. */

/** The reflected polynomial of CRC-32, which zlib and S3 use: the highest bit is the coefficient of x^0. */
const POLYNOMIAL = 0xedb88320;
const X_TO_THE_0 = 0x80000000;
const X_TO_THE_8 = 0x00800000;

/** Of two pieces put together, from that of each, as zlib's crc32_combine. @param secondBytes how long the second piece is */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  // The second piece shifts the first one by its length; x^(8 n) by squaring, as n can be large.
  let shift = X_TO_THE_0;
  let square = X_TO_THE_8;
  for (let rest = secondBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(shift, square);
    square = multiply(square, square);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}

/** Of polynomials over the field of two elements, modulo that of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}

/** As S3 writes it: base64 of the big-endian value. */
export function base64OfCrc32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}
