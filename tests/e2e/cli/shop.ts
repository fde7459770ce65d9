/** A deployed stack with a source that can be backed up, `shop`, and one that cannot, `broken`. */
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import type { Keep } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';

export interface Shop {
  readonly stack: TestStack;
  readonly server: PostgresServer;
}

const CONFIG = `sources:
  shop:
    rds: { instance: shop-prod }
    connection: { secret: test/shop, sslMode: disable }
    databases: [shop, "odd name"]
  broken:
    connection: { secret: test/broken, database: shop, sslMode: disable }
`;

const ROWS = { shop: 1234, 'odd name': 5 };

export const RUN_NAME = /\b(shop|broken|nope)-\d{8}-\d{6}-[0-9a-f]{4}\b/;

export const runNameIn = (text: string): string => RUN_NAME.exec(text)?.[0] ?? `no run's name in ${text}`;

export async function startShop(keep: Keep): Promise<Shop> {
  const [stack, server] = await Promise.all([
    keep(startTestStack({ config: CONFIG })),
    keep(startPostgres({ major: 17, password: 'p@ss/w:rd' })),
  ]);
  for (const [database, rows] of Object.entries(ROWS)) {
    await query(server, 'postgres', `CREATE DATABASE "${database}"`);
    await query(server, database, `CREATE TABLE item AS SELECT n, md5(n::text) FROM generate_series(1, ${rows}) n`);
  }
  await stack.registerDatabase(server, { secret: 'test/shop', rds: { instance: 'shop-prod' } });
  await stack.registerDatabase({ ...server, password: 'wrong' }, { secret: 'test/broken' });
  return { stack, server };
}
