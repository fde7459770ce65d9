import type { Session } from './session.ts';

/** What large objects take on the server's disk, deleted ones included: known at once, unlike the sum of their lengths. */
export async function largeObjectBytes(session: Session): Promise<number> {
  const [row] = await session.rows<{ bytes: string }>(
    "SELECT pg_catalog.pg_table_size('pg_catalog.pg_largeobject') AS bytes",
  );
  return Number(row?.bytes);
}
