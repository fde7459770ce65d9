/** The CRC-32 of two pieces put together, from the CRC-32 of each: how the checksum of an object follows from its parts. */

/** x^32 + … + 1 of CRC-32, without its highest term, the lowest power in the highest bit. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x8000_0000;

/** As zlib's crc32_combine. @param secondBytes length of the second piece */
export function crc32Combine(first: number, second: number, secondBytes: number): number {
  return (multiply(powerOfX(secondBytes * 8), first) ^ second) >>> 0;
}

/** Of two polynomials over bits, modulo that of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = ONE, shifted = b; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x to the power of n, by squaring; n may be larger than what bitwise operators hold. */
function powerOfX(n: number): number {
  let power = ONE;
  for (let square = ONE >>> 1, left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}
