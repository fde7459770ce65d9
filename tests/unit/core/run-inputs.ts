/** Configurations and executions for tests of what an input means. */
import fc from 'fast-check';
import { parseConfig } from '../../../core/config/parse.ts';
import type { Execution } from '../../../core/steps.ts';

export const ONE = parseConfig('sources: { orders: { connection: { secret: prod/orders } } }', 'one.yml');

export const TWO = parseConfig(
  `
network: { subnets: [subnet-a], securityGroups: [sg-1] }
sources:
  orders:
    rds: { instance: orders-prod }
    connection: { secret: prod/orders }
    databases: [orders, billing]
    worker: { cpu: 4096, memory: 8192, diskGiB: 50, timeout: 2h }
  ledger:
    rds: { cluster: ledger-prod }
    connection: { auth: iam, user: holdfast, database: ledger }
    network: { subnets: [subnet-b], securityGroups: [sg-2] }
`,
  'two.yml',
);

/** An execution of the backup machine. */
export function execution(input: unknown): Execution {
  return {
    executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-backup:run-1',
    run: 'run-1',
    startedAt: '2025-11-21T02:30:11.000Z',
    input,
  };
}

/** Any JSON, and often JSON that looks like an input. */
export const inputs = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      source: fc.oneof(fc.constantFrom('orders', 'ledger', '__proto__'), fc.jsonValue()),
      label: fc.oneof(fc.string(), fc.jsonValue()),
      include: fc.oneof(fc.subarray(['snapshot', 'dump']), fc.jsonValue()),
      trigger: fc.oneof(fc.constantFrom('ci', 'cli'), fc.jsonValue()),
      scheduledTime: fc.oneof(fc.constant('2025-11-21T02:30:00Z'), fc.jsonValue()),
      Comment: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);
