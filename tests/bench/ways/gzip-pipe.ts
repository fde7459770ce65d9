import { shellWay } from './shell-way.ts';

/** What most guides say: the custom format as pg_dump compresses it by itself, with gzip. */
export const gzipPipe = shellWay({
  id: 'gzip-pipe',
  title: 'pg_dump -Fc | aws s3 cp -',
  kind: 'rival',
  script: 'pg_dump -Fc | aws s3 cp --only-show-errors - "$OBJECT"',
});
