import { shellWay } from './shell-way.ts';

/**
 * https://github.com/significa/fly-pg-dump-to-s3: the commands of its pg-dump-to-s3.sh with its defaults (four jobs, four
 * threads), without its question to STS at the start.
 */
const dump =
  'pg_dump --no-owner --clean --no-privileges --jobs=4 --format=directory --compress=0 --file="$TMPDIR/db_dump"';
const upload = 'aws s3 cp --only-show-errors "$TMPDIR/db_dump.tar.gz" "$OBJECT"';

/** As it is since January 2025. */
export const flyPigz = shellWay({
  id: 'fly-pigz',
  title: 'fly-pg-dump-to-s3: -Fd -j4 -Z0, tar | pigz, aws',
  kind: 'rival',
  unavailable: ({ rivals }) => (rivals.pigz === null ? 'pigz: not installed, left out' : null),
  script: [dump, 'tar -cf - -C "$TMPDIR/db_dump" . | pigz -p 4 > "$TMPDIR/db_dump.tar.gz"', upload].join('\n'),
});

/** As it was before, and as it is without pigz. */
export const flyGzip = shellWay({
  id: 'fly-gzip',
  title: 'fly-pg-dump-to-s3 until 2025: tar -cz in place of pigz',
  kind: 'rival',
  script: [dump, 'tar -czf "$TMPDIR/db_dump.tar.gz" -C "$TMPDIR/db_dump" .', upload].join('\n'),
});
