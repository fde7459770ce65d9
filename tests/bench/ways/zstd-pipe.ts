import { shellWay } from './shell-way.ts';

/** The best that stock programs do in one line. */
export const zstdPipe = shellWay({
  id: 'zstd-pipe',
  title: 'pg_dump -Fc -Zzstd:1 | aws s3 cp -',
  kind: 'rival',
  script: 'pg_dump -Fc -Zzstd:1 | aws s3 cp --only-show-errors - "$OBJECT"',
});
