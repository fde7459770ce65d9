/** Evidence on its way to S3, as JSON and compressed while it is written: there may be a hundred thousand tables in it. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { inBatches } from '../core/in-batches.ts';
import type { LeftOut } from '../core/manifest.ts';
import type { CollectedEvidence } from './postgres/evidence.ts';
import type { Upload } from './upload.ts';

const ITEMS_PER_PIECE = 500;

export interface DumpEvidence extends CollectedEvidence {
  readonly leftOut: Iterable<LeftOut>;
}

/** When it returns, S3 holds every byte. @throws what uploads throw */
export async function uploadEvidence(upload: Upload, evidence: DumpEvidence): Promise<void> {
  await pipeline(Readable.from(jsonOf(evidence)), createGzip(), async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) await upload.write(chunk);
  });
  await upload.finish();
}

function* jsonOf({ tables, sequences, leftOut, ...others }: DumpEvidence): Generator<string> {
  yield '{"tables":';
  yield* arrayJson(tables);
  yield ',"sequences":';
  yield* arrayJson(sequences);
  yield ',"leftOut":';
  yield* arrayJson(leftOut);
  yield `,${JSON.stringify(others).slice(1)}`;
}

function* arrayJson(items: Iterable<unknown>): Generator<string> {
  let before = '[';
  for (const batch of inBatches(items, ITEMS_PER_PIECE)) {
    yield `${before}${JSON.stringify(batch).slice(1, -1)}`;
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}
