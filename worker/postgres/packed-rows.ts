/** The rows of a query, however many: all at once would take much memory, for whoever has many tables. */
import { PackedList } from '../../core/packed-list.ts';
import type { Session } from './session.ts';

const PAGE_ROWS = 100;

/** @param session in a transaction */
export async function packedRows<Row extends object>(
  session: Session,
  sql: string,
  values: unknown[],
): Promise<PackedList<Row>> {
  await session.rows(`DECLARE listed NO SCROLL CURSOR FOR ${sql}`, values);
  const rows = new PackedList<Row>();
  for (;;) {
    const page = await session.rows<Row>(`FETCH ${PAGE_ROWS} FROM listed`);
    if (page.length === 0) break;
    rows.add(page);
  }
  await session.run('CLOSE listed');
  return rows;
}
