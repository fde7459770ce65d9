import type { Session } from './session.ts';

export interface LargeObjects {
  readonly count: number;
  /** On the server's disk, deleted ones included: known at once, unlike the sum of their lengths. */
  readonly bytesOnDisk: number;
}

export async function readLargeObjects(session: Session): Promise<LargeObjects> {
  const [row] = await session.rows<{ count: string; bytes: string }>(LARGE_OBJECTS_SQL);
  return { count: Number(row?.count), bytesOnDisk: Number(row?.bytes) };
}

const LARGE_OBJECTS_SQL = `
SELECT pg_catalog.count(*) AS count, pg_catalog.pg_table_size('pg_catalog.pg_largeobject') AS bytes
  FROM pg_catalog.pg_largeobject_metadata`;
