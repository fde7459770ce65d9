import { copyPlain, copyZstd } from './copy-to-nowhere.ts';
import { flyGzip, flyPigz } from './fly.ts';
import { gzipPipe } from './gzip-pipe.ts';
import { holdfast, holdfastUncounted } from './holdfast.ts';
import type { Way } from './way.ts';
import { zstdPipe } from './zstd-pipe.ts';

/** All ways of dumping, in the order of the table. */
export const DUMP_WAYS: readonly Way[] = [
  gzipPipe,
  flyGzip,
  flyPigz,
  zstdPipe,
  holdfast,
  holdfastUncounted,
  copyPlain,
  copyZstd,
];
