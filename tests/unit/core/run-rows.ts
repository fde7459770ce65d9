import { runKey } from '../../../core/keys.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';
import { RunRow } from '../../../core/run-record.ts';

const ID = { source: 'orders', run: '5b1f8c1e-orders', startedAt: '2025-11-21T01:30:11.000Z' };

/** The row of a run of `orders` as the table holds it, parsed as such. */
export function runRow(keys: Partial<RunRow>): RunRow {
  const id = { ...ID, ...keys };
  return RunRow.parse({
    ...ID,
    ...runKey(id),
    executionArn: `arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-backup:${id.run}`,
    trigger: 'schedule',
    label: null,
    status: 'running',
    ...keys,
  });
}

/** A dump of a database with an archive, roles and evidence. */
export function dumpOf(database: string, keys: Partial<DatabaseDump> = {}): DatabaseDump {
  const object = (role: 'archive' | 'roles' | 'evidence', file: string, sizeBytes: number) => ({
    role,
    key: `orders/2025/11/21/${ID.run}/${database}/1/${file}`,
    versionId: 'v1',
    sizeBytes,
    sha256: 'ab'.repeat(32),
    checksum: { algorithm: 'CRC32' as const, type: 'FULL_OBJECT' as const, value: 'q83vAA==' },
  });
  return {
    database,
    client: 'pg_dump 17.11',
    snapshotAt: '2025-11-21T01:30:20.000Z',
    encoding: 'UTF8',
    collation: 'en_US.UTF-8',
    ctype: 'en_US.UTF-8',
    localeProvider: 'libc',
    locale: null,
    warnings: [],
    objects: [
      object('archive', 'archive.dump', 1_288_490_189),
      object('roles', 'roles.sql', 812),
      object('evidence', 'evidence.json.gz', 4096),
    ],
    totals: { tables: 128, rows: 12_345_678, sequences: 40, largeObjects: 0 },
    ...keys,
  };
}

export const SNAPSHOT = {
  kind: 'instance' as const,
  identifier: 'hf-orders-20251121-013011',
  arn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:hf-orders-20251121-013011',
  status: 'available' as const,
  sizeGiB: 20,
  kmsKey: null,
};

export const VERIFICATION = { at: '2025-11-21T01:41:12.000Z', by: 'VerifyDump' as const, objects: 6 };

export const FINISHED_AT = '2025-11-21T01:41:40.000Z';
