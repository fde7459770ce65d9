import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { durationMs, parseDurationMs } from '../../../../core/config/duration.ts';
import { FARGATE_CPU_UNITS, isFargateSize } from '../../../../core/config/fargate.ts';
import { ALLOWED_PG_DUMP_ARGUMENTS } from '../../../../core/config/pg-dump-arguments.ts';
import { checkConfig } from '../../../../core/config/parse.ts';
import { problemsOf, sourceWith } from './config-text.ts';

const HOUR_MS = 3_600_000;

describe('a duration', () => {
  test.each([
    ['45s', 45_000],
    ['15m', HOUR_MS / 4],
    ['26h', 26 * HOUR_MS],
    ['2w', 14 * 24 * HOUR_MS],
    ['2y', 730 * 24 * HOUR_MS],
  ])('%s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(['', '6', 'h', '0h', '-1h', '1.5h', '6 h', '6H', '1h30m', '2 years', '3mo', '06h'])(
    '%j is none',
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
      expect(() => durationMs(text)).toThrow(RangeError);
      expect(problemsOf({ alarmAfter: text })[0]).toContain('write a number and one of s, m (minutes), h, d, w, y');
    },
  );
});

describe('the name of a source', () => {
  const isAccepted = (name: string): boolean =>
    checkConfig(JSON.stringify({ sources: { [name]: { connection: { secret: 's' } } } })).problems === undefined;

  test.each(['a', 'orders', 'orders-2', 'a-b-c', 'a'.repeat(32)])('%s is accepted', (name) => {
    expect(isAccepted(name)).toBe(true);
  });

  test.each(['', 'Orders', '2orders', 'or_ders', 'a--b', 'a-', '-a', '-', 'ü', 'a b', 'a'.repeat(33), 'a\n'])(
    '%j is refused',
    (name) => {
      expect(isAccepted(name)).toBe(false);
    },
  );
});

describe('a worker', () => {
  test.each([
    [256, 512],
    [256, 2048],
    [512, 4096],
    [1024, 8192],
    [2048, 5120],
    [4096, 30_720],
    [8192, 20_480],
    [16_384, 122_880],
  ])('of %d units and %d MiB is a size of Fargate', (cpu, memory) => {
    expect(sourceWith({ worker: { cpu, memory } }).worker).toMatchObject({ cpu, memory });
  });

  test.each([
    [256, 3072, '512, 1024, 2048'],
    [512, 512, '1024 to 4096 in steps of 1024'],
    [2048, 2048, '4096 to 16384 in steps of 1024'],
    [2048, 4097, '4096 to 16384 in steps of 1024'],
    [8192, 17_408, '16384 to 61440 in steps of 4096'],
    [16_384, 131_072, '32768 to 122880 in steps of 8192'],
  ])('of %d units and %d MiB is not, and the message lists what goes', (cpu, memory, allowed) => {
    expect(problemsOf({ worker: { cpu, memory } })).toEqual([
      `worker.memory: ${memory} MiB does not go with cpu ${cpu}: Fargate allows ${allowed}`,
    ]);
  });

  test('with more cpu than the default memory goes with is told so', () => {
    expect(problemsOf({ worker: { cpu: 4096 } })[0]).toContain('4096 MiB does not go with cpu 4096');
  });

  test('of any other size is refused', () => {
    const cpu = fc.integer({ min: 0, max: 20_000 }).filter((units) => !FARGATE_CPU_UNITS.includes(units));
    fc.assert(fc.property(cpu, fc.integer(), (units, memory) => !isFargateSize(units, memory)));
    expect(problemsOf({ worker: { cpu: 2000 } })).toEqual([
      'worker.cpu: 2000 is no size: Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384',
    ]);
  });

  test.each([
    [{ diskGiB: 20 }, 'worker.diskGiB: 20 is too small: at least 21'],
    [{ diskGiB: 201 }, 'worker.diskGiB: 201 is too large: at most 200'],
    [{ diskGiB: 30.5 }, 'worker.diskGiB: expected a whole number, got 30.5'],
    [{ diskGiB: '30' }, 'worker.diskGiB: expected a number, got "30"'],
    [{ timeout: '24h' }, 'worker.timeout: 24h is out of range: 1m to 23h'],
    [{ timeout: '30s' }, 'worker.timeout: 30s is out of range: 1m to 23h'],
    [{ cpu: '2048' }, 'worker.cpu: 2048 is no size: Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384'],
  ])('%j is refused', (worker, problem) => {
    expect(problemsOf({ worker })).toEqual([problem]);
  });
});

describe('a connection', () => {
  test.each([
    [{ secret: 's', host: 'db.example.com', port: 5433, user: 'u', database: 'd', sslMode: 'disable' }],
    [{ secret: 'rds!db-1_/+=.@-' }],
    [{ secret: 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:rds!db-1-AbCdEf' }],
    [{ auth: 'iam', user: 'u', host: 'h', database: 'd' }],
    [{ auth: 'iam', secret: 's', sslMode: 'require' }],
  ])('%j is accepted', (connection) => {
    expect(problemsOf({ connection })).toEqual([]);
  });

  test.each([
    [{}, 'connection.secret: is required'],
    [{ user: 'u', host: 'h' }, 'connection.secret: is required'],
    [{ auth: 'iam', host: 'h', database: 'd' }, 'connection.user: is required'],
    [{ auth: 'iam', user: 'u', database: 'd' }, 'connection.host: is required'],
    [{ auth: 'iam', user: 'u', host: 'h' }, 'connection.database: is required'],
    [{ auth: 'iam', secret: 's', sslMode: 'prefer' }, 'connection.sslMode: prefer does not go with auth: iam'],
    [{ secret: 's', auth: 'ldap' }, 'connection.auth: is not one of password, iam'],
    [{ secret: 's', sslMode: 'verify_full' }, 'did you mean "verify-full"?'],
    [{ secret: '' }, 'connection.secret: is not valid'],
    [{ secret: 's', host: 'db:5432/x' }, 'connection.host: is no host'],
    [{ secret: 'my secret' }, 'connection.secret: is not valid'],
    [{ secret: 'arn:aws:s3:::bucket' }, 'connection.secret: is not valid'],
    [{ secret: 's', host: 'a,b' }, 'connection.host: is no host'],
    [{ secret: 's', port: 65_536 }, 'connection.port: is too large: at most 65535'],
  ])('%j is refused', (connection, problem) => {
    expect(problemsOf({ connection })).toEqual([expect.stringContaining(problem)]);
  });

  test('needs neither host nor database with iam where rds and databases say them', () => {
    const connection = { auth: 'iam', user: 'u' };
    expect(problemsOf({ connection, rds: { instance: 'orders-prod' }, databases: ['orders'] })).toEqual([]);
  });
});

describe('the keys of a source', () => {
  test.each([
    [{ rds: { instance: 'a' } }],
    [{ rds: { cluster: 'a', snapshot: { keepLast: 2 } } }],
    [{ databases: ['*'] }],
    [{ databases: ['orders', 'Orders', 'täst'] }],
    [{ dump: { extraArgs: [...ALLOWED_PG_DUMP_ARGUMENTS] } }],
    [{ dump: { jobs: 4, compression: 'none' } }],
    [{ dump: { compression: 'gzip:6' } }],
    [{ dump: { compression: 'lz4' } }],
    [{ dump: { compression: 'zstd:22' } }],
    [{ schedule: { cron: '30 2 * * ? *', timezone: 'Asia/Calcutta', jitterMinutes: 1440 } }],
    [{ retention: { maxAge: '2y' }, archive: { afterDays: 30, storageClass: 'STANDARD_IA' } }],
    [{ restoreTest: { cron: '0 6 1 * ? *', rto: '4h', checks: [{ name: 'n', sql: 'select null', expect: null }] } }],
  ])('%j is accepted', (keys) => {
    expect(problemsOf(keys)).toEqual([]);
  });

  test.each([
    [{ type: 'mysql' }, 'type: "mysql" is not one of postgres'],
    [{ rds: {} }, 'rds: names neither instance nor cluster'],
    [{ rds: { instance: 'a', cluster: 'b' } }, 'rds: names both instance and cluster'],
    [{ rds: { instance: 'a.b.eu-west-1.rds.amazonaws.com' } }, 'rds.instance: "a.b.eu-west-1'],
    [{ rds: { instance: 'a', snapshot: { keepLast: 0 } } }, 'rds.snapshot.keepLast: 0 is too small'],
    [{ databases: [] }, 'databases: is empty'],
    [{ databases: ['*', 'a'] }, 'databases: "*" stands for all databases'],
    [{ databases: ['a', 'b', 'a'] }, 'databases[2]: "a" is listed twice'],
    [{ databases: 'orders' }, 'databases: expected a list, got "orders"'],
    [{ dump: { jobs: 'many' } }, 'dump.jobs: "many" is not valid: write auto'],
    [{ dump: { compression: 'zstd:0' } }, 'dump.compression: zstd has levels 1 to 22, not 0'],
    [{ dump: { compression: 'zstd:long' } }, 'dump.compression: "zstd:long" is no compression'],
    [{ dump: { compression: 'bzip2' } }, 'dump.compression: "bzip2" is no compression'],
    [{ dump: { extraArgs: ['--no-unlogged-table-data'] } }, 'is not allowed, because a dump must hold all rows'],
    [{ schedule: {} }, 'schedule.cron: is required'],
    [
      { schedule: { cron: '30 2 * * ? *', timezone: '+01:00' } },
      'schedule.timezone: "+01:00" is not an IANA time zone',
    ],
    [{ schedule: { cron: '30 2 * * ? *', jitterMinutes: -1 } }, 'schedule.jitterMinutes: -1 is too small'],
    [{ network: { subnets: [], securityGroups: ['sg-1'] } }, 'network.subnets: is empty'],
    [{ retention: { atLeast: 3 } }, 'retention: has no rule that keeps anything'],
    [{ retention: { keepLast: 1, atLeast: 0 } }, 'retention.atLeast: 0 is too small'],
    [{ archive: { afterDays: 7, storageClass: 'STANDARD_IA' } }, 'archive.afterDays: 7 is too early for STANDARD_IA'],
    [
      { archive: { afterDays: 30, storageClass: 'GLACIER' }, retention: { maxAge: '30d' } },
      'archive.afterDays: 30 days are not before retention.maxAge 30d',
    ],
    [{ restoreTest: { cron: '0 6 1 * ? *', rto: 'soon' } }, 'restoreTest.rto: "soon" is not valid'],
  ])('%j is refused', (keys, problem) => {
    expect(problemsOf(keys)).toEqual([expect.stringContaining(problem)]);
  });

  test('the file as a whole has rules of its own', () => {
    const text = JSON.stringify({
      notifications: { email: ['a@b.com', 'a@b.com'], on: [] },
      storage: { kmsKey: 'alias/backup', objectLock: { mode: 'none' } },
      restoreTargets: { staging: { port: 5432 } },
      sources: { a: { connection: { secret: 's' } } },
    });
    expect((checkConfig(text).problems ?? []).map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'notifications.email[1]: is listed twice',
      'notifications.on: is empty: give at least one',
      'storage.objectLock.mode: "none" is not one of governance, compliance',
      'storage.objectLock.days: is required',
      expect.stringContaining('storage.kmsKey: "alias/backup" is not valid'),
      expect.stringContaining('restoreTargets.staging.secret: is required, or a host'),
    ]);
  });
});
