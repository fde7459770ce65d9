import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { errorOf } from './config-text.ts';

describe('a login in the wrong place', () => {
  const URL = 'postgres://u:hunter2@h/db';
  const source = (keys: unknown): string => stringify({ sources: { a: keys } });
  const withKeys = (keys: Record<string, unknown>): string => source({ connection: { secret: 's' }, ...keys });

  test('is not repeated beside other mistakes', () => {
    const { message } = errorOf(
      stringify({
        sources: {
          a: { connection: { secret: { password: 'hunter2' } } },
          b: { connection: { secret: 's', host: 'postgres://me:hunter2@db/orders', password: 'hunter2' } },
        },
      }),
    );
    expect(message.split('\n')).toHaveLength(3);
    expect(message).not.toContain('hunter2');
  });

  test.each([
    source({ connection: URL }),
    source(URL),
    stringify({ defaults: { connection: URL }, sources: {} }),
    stringify({ defaults: URL, sources: {} }),
    ...['secret', 'host', 'port', 'user', 'database', 'auth', 'sslMode'].flatMap((key) =>
      ['hunter2\n', `${URL}\n`].map((value) => source({ connection: { secret: 's', [key]: value } })),
    ),
    source({ connection: { [URL]: null } }),
    `sources: { a: { connection: { "${URL}": 1, "${URL}": 2 } } }`,
    `sources: { a: { connection: *hunter2 } }`,
    `sources: { a: { connection: !hunter2 x } }`,
    stringify({ restoreTargets: { a: 'hunter2', b: { port: 'hunter2', host: 'h' } }, sources: {} }),
    stringify({ sources: { [URL]: {} } }),
    stringify({ notifications: { email: [`${URL} `] }, storage: { kmsKey: URL }, sources: {} }),
    ...[
      { type: URL },
      { rds: { instance: URL } },
      { databases: URL },
      { databases: [URL, URL] },
      { dump: { jobs: URL, compression: URL, extraArgs: [URL] } },
      { worker: { cpu: URL, memory: URL, timeout: URL } },
      { schedule: { cron: URL, timezone: URL } },
      { schedule: { cron: `30 2 ${URL} * ? *` } },
      { network: { subnets: [URL], securityGroups: URL } },
      { retention: { maxAge: URL }, archive: { afterDays: URL, storageClass: URL } },
      { alarmAfter: URL },
    ].map(withKeys),
  ])('is not repeated: %j', (text) => {
    // `user` and `database` may hold any line, even this one; with a line break they are refused as well.
    expect(errorOf(text).message).not.toContain('hunter2');
  });

  test('is still told what is wrong', () => {
    expect(errorOf(source({ connection: { secret: 's', port: 'hunter2' } })).message).toMatch(
      /sources\.a\.connection\.port: expected a number$/,
    );
    expect(errorOf(withKeys({ rds: { instance: URL } })).message).toMatch(
      /rds\.instance: is not valid: write the identifier/,
    );
  });
});
