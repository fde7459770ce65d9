/** Bytes that the sink keeps: a file for each part, so that nothing is copied when an object is put together. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Piece {
  readonly file: string;
  readonly sizeBytes: number;
}

export type Keep = (bytes: Buffer) => Promise<Piece>;

/** @param directory of the sink alone, for as long as it runs */
export function keepIn(directory: string): Keep {
  let kept = 0;
  return async (bytes) => {
    const file = path.join(directory, `piece-${++kept}`);
    await writeFile(file, bytes);
    return { file, sizeBytes: bytes.length };
  };
}

/** @param end exclusive */
export async function* readPieces(pieces: readonly Piece[], start: number, end: number): AsyncGenerator<Buffer> {
  let at = 0;
  for (const { file, sizeBytes } of pieces) {
    const [from, to] = [Math.max(0, start - at), Math.min(sizeBytes, end - at)];
    // A part at a time: it has a few MB.
    if (from < to) yield (await readFile(file)).subarray(from, to);
    at += sizeBytes;
  }
}
