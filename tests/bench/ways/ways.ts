import { copyPlain, copyZstd } from './copy-to-nowhere.ts';
import { flyGzip, flyPigz } from './fly.ts';
import { gzipPipe } from './gzip-pipe.ts';
import { holdfast, holdfastUncounted } from './holdfast.ts';
import { holdfastRestore } from './holdfast-restore.ts';
import { gzipRestore, zstdRestore } from './pg-restore-pipe.ts';
import type { RestoreWay, Way } from './way.ts';
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

/** All ways of restoring, in the order of their table. */
export const RESTORE_WAYS: readonly RestoreWay[] = [gzipRestore, zstdRestore, holdfastRestore];
