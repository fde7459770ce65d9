import { shellWay } from './shell-way.ts';

/** One server process and one client without an upload: what the database's own output costs. */
export const copyPlain = shellWay({
  id: 'copy-plain',
  title: 'pg_dump -Fc -Z0 to nowhere',
  kind: 'limit',
  script: 'pg_dump -Fc -Z0 > /dev/null',
});

export const copyZstd = shellWay({
  id: 'copy-zstd',
  title: 'pg_dump -Fc -Zzstd:1 to nowhere',
  kind: 'limit',
  script: 'pg_dump -Fc -Zzstd:1 > /dev/null',
});
