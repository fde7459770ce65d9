import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkConfig, parseConfig } from '../../../../core/config/parse.ts';
import { Config, SOURCE_KEYS } from '../../../../core/config/schema.ts';
import { errorOf, MINIMAL } from './config-text.ts';

const ROOT = join(__dirname, '../../../..');

describe('a valid file', () => {
  test('needs only a connection; the defaults are the documented ones', () => {
    expect(parseConfig(MINIMAL, 'holdfast.yml')).toEqual({
      notifications: { email: [], on: ['failed', 'succeeded'] },
      storage: {},
      restoreTargets: {},
      sources: {
        orders: {
          type: 'postgres',
          connection: { secret: 'prod/orders', auth: 'password', sslMode: 'verify-full' },
          dump: {
            jobs: 'auto',
            compression: 'zstd:1',
            excludeTables: [],
            excludeTableData: [],
            extraArgs: [],
            evidence: 'counts',
            onBlockedDdl: 'warn',
          },
          worker: { cpu: 2048, memory: 4096, diskGiB: 21, timeout: '6h', stallAfter: '15m' },
          sizeGate: { minRatio: 0.5, emptiedTableRows: 1000 },
        },
      },
    });
  });

  test('the example is one, and uses every key of a source', () => {
    const config = parseConfig(readFileSync(join(ROOT, 'holdfast.example.yml'), 'utf8'), 'holdfast.example.yml');
    const { orders, ledger } = config.sources;
    expect(Object.keys({ ...ledger, ...orders }).sort()).toEqual(Object.keys(SOURCE_KEYS).sort());
  });

  test('what was resolved resolves to itself', () => {
    const config = parseConfig(readFileSync(join(ROOT, 'holdfast.example.yml'), 'utf8'), 'holdfast.example.yml');
    expect(Config.parse(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  test('may use anchors, aliases and merge keys', () => {
    const text = `
sources:
  orders: &base
    connection: &login { secret: prod/orders }
  billing: { <<: *base, alarmAfter: 26h }
  ledger: { connection: *login }
`;
    const { sources } = parseConfig(text, 'holdfast.yml');
    expect(Object.values(sources).map(({ connection }) => connection.secret)).toEqual(Array(3).fill('prod/orders'));
    expect(sources['billing']?.alarmAfter).toBe('26h');
  });
});

describe('an invalid file', () => {
  test('is refused with every mistake, in the order of its lines', () => {
    const text = `
notifications: { email: [ops@example], on: [fail] }
schedule: {}
defaults:
  worker: { memory: 1000, dsk: 3 }
sources:
  orders:
    connection: { secret: prod/orders, sslmode: require }
    schedul: { cron: "30 2 * * ? *" }
    databases: ["*", orders]
  bil--ling:
    connection: { auth: iam, sslMode: prefer }
    rds: {}
    schedule: { cron: "30 25 * * *", timezone: europe/paris, jitterMinutes: 3000 }
    dump: { compression: "zstd:99", extraArgs: [--schema-only], excludeTables: audit }
    worker: { timeout: 24h }
    archive: { afterDays: 900, storageClass: GLACER }
    retention: { maxAge: 2 years }
    restoreTest: { rto: 4h }
  empty:
`;
    const error = errorOf(text);
    expect(error.code).toBe('InvalidConfig');
    expect(error.message.split('\n')).toMatchInlineSnapshot(`
     [
       "holdfast.yml:2: notifications.email[0]: is not an e-mail address",
       "holdfast.yml:2: notifications.on[0]: "fail" is not one of started, failed, succeeded, did you mean "failed"?",
       "holdfast.yml:3: schedule: unknown key here: it belongs to a source, or to defaults for all of them",
       "holdfast.yml:5: defaults.worker.dsk: unknown key (allowed: cpu, memory, diskGiB, timeout, stallAfter)",
       "holdfast.yml:5: defaults.worker.memory: 1000 MiB does not go with cpu 2048: Fargate allows 4096 to 16384 in steps of 1024",
       "holdfast.yml:8: sources.orders.connection.sslmode: unknown key, did you mean "sslMode"?",
       "holdfast.yml:9: sources.orders.schedul: unknown key, did you mean "schedule"?",
       "holdfast.yml:10: sources.orders.databases: "*" stands for all databases: write it alone",
       "holdfast.yml:11: sources.bil--ling: is not a usable name: write a-z, 0-9 and single hyphens, with a letter first, no hyphen at the end, and at most 32 characters",
       "holdfast.yml:12: sources.bil--ling.connection.user: is required for auth: iam without a secret: name the user that may log in with a token",
       "holdfast.yml:12: sources.bil--ling.connection.sslMode: prefer does not go with auth: iam, which RDS takes over TLS only: use verify-full",
       "holdfast.yml:12: sources.bil--ling.connection.database: is required: neither a secret nor databases says what to dump",
       "holdfast.yml:13: sources.bil--ling.rds: names neither instance nor cluster: give exactly one of them",
       "holdfast.yml:14: sources.bil--ling.schedule.cron: "30 25 * * *" has 5 fields, as Unix cron has: AWS takes six, minutes hours day-of-month month day-of-week year, such as "30 2 * * ? *"; its week starts with 1 = Sunday",
       "holdfast.yml:14: sources.bil--ling.schedule.timezone: "europe/paris" is not an IANA time zone: did you mean "Europe/Paris"?",
       "holdfast.yml:14: sources.bil--ling.schedule.jitterMinutes: 3000 is too large: at most 1440",
       "holdfast.yml:15: sources.bil--ling.dump.compression: zstd has levels 1 to 22, not 99",
       "holdfast.yml:15: sources.bil--ling.dump.excludeTables: expected a list, got "audit"",
       "holdfast.yml:15: sources.bil--ling.dump.extraArgs[0]: "--schema-only" is not allowed, because a dump must hold all rows: only these are passed on: --load-via-partition-root, --no-publications, --no-security-labels, --no-subscriptions, --no-table-access-method, --no-tablespaces, --no-toast-compression, --quote-all-identifiers",
       "holdfast.yml:16: sources.bil--ling.worker.timeout: 24h is out of range: 1m to 23h",
       "holdfast.yml:17: sources.bil--ling.archive.storageClass: "GLACER" is not one of STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE, did you mean "GLACIER"?",
       "holdfast.yml:18: sources.bil--ling.retention.maxAge: "2 years" is not valid: write a number and one of s, m (minutes), h, d, w, y, such as 90m, 26h or 2y",
       "holdfast.yml:19: sources.bil--ling.restoreTest.cron: is required",
       "holdfast.yml:20: sources.empty: is empty: give it a value or remove the key",
     ]
    `);
  });

  test.each([
    ['', 'holdfast.yml:1: the file is empty: name at least one source under sources'],
    ['# nothing\n', 'holdfast.yml:1: the file is empty: name at least one source under sources'],
    ['- orders\n', 'holdfast.yml:1: the file holds no keys: it begins with keys such as "sources:"'],
    ['sources: {}\n', 'holdfast.yml:1: sources: is empty: name at least one source'],
    ['storage: {}\n', 'holdfast.yml:1: sources: is required'],
    [`${MINIMAL}notifications:\n`, 'holdfast.yml:4: notifications: is empty: give it a value or remove the key'],
    [`${MINIMAL}defaults: 3\n`, 'holdfast.yml:4: defaults: expected keys and values, got 3'],
    [`${MINIMAL}${MINIMAL}`, 'holdfast.yml:4: sources: is given twice: keep one of them'],
  ])('%j is refused', (text, message) => {
    expect(errorOf(text).message).toBe(message);
  });

  test('names the line of a syntax error', () => {
    expect(errorOf(`${MINIMAL}    schedule: { cron: [\n`).message).toMatch(/^holdfast\.yml:\d+: not valid YAML: /);
    expect(errorOf('sources:\n  orders:\n    schedule:\n      cron: * 2 * * ? *\n').message).toMatch(
      /^holdfast\.yml:4: not valid YAML: .*quote text that holds \*/,
    );
    expect(errorOf('sources: { orders: *nobody }\n').message).toContain('unresolved alias');
  });

  test('a key given twice does not hide the other mistakes', () => {
    expect(errorOf('sources: {}\nstorag: {}\nsources: {}\n').message.split('\n')).toEqual([
      'holdfast.yml:1: sources: is empty: name at least one source',
      'holdfast.yml:2: storag: unknown key, did you mean "storage"?',
      'holdfast.yml:3: sources: is given twice: keep one of them',
    ]);
  });

  test('a mistake in an anchor is reported where the anchor is', () => {
    const text =
      'sources:\n  orders: &base\n    connection: { secret: s }\n    alarmAfter: soon\n  billing:\n    <<: *base\n';
    expect((checkConfig(text).problems ?? []).map(({ line }) => line)).toEqual([4, 4]);
  });
});
