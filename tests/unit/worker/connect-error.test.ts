import { describe, expect, test } from '@jest/globals';
import { connectError, isTransient } from '../../../worker/postgres/connect-error.ts';

const server = { host: 'db', port: 5432, user: 'backup' };
const failed = (code: string, message: string): Error => Object.assign(new Error(message), { code });

describe('connectError', () => {
  test.each([
    ['28P01', 'AuthFailed', 'db:5432 refused the login of backup: why'],
    ['28000', 'AuthFailed', 'db:5432 refused the login of backup: why'],
    ['3D000', 'DatabaseNotFound', 'database shop cannot be used on db:5432: why'],
    ['55000', 'DatabaseNotFound', 'database shop cannot be used on db:5432: why'],
    ['42501', 'AccessDenied', 'backup may not connect to database shop on db:5432: why'],
    ['53300', 'SourceUnreachable', 'no connection to db:5432: why'],
    ['ECONNREFUSED', 'SourceUnreachable', 'no connection to db:5432: why'],
    ['ENOTFOUND', 'SourceUnreachable', 'no connection to db:5432: why'],
  ])('%s is %s', (code, expected, message) => {
    const cause = failed(code, 'why');
    expect(connectError(server, 'shop', cause)).toMatchObject({ code: expected, message, cause });
  });

  test('a host with several addresses says what each answered', () => {
    const cause = new AggregateError([
      failed('ECONNREFUSED', 'refused ::1'),
      failed('ECONNREFUSED', 'refused 127.0.0.1'),
    ]);
    expect(connectError(server, 'shop', cause).message).toBe(
      'no connection to db:5432: refused ::1, refused 127.0.0.1',
    );
  });

  test('only a server that asks to come back is asked again', () => {
    expect(isTransient(failed('57P03', 'starting up'))).toBe(true);
    expect(isTransient(failed('53300', 'too many'))).toBe(true);
    expect(isTransient(failed('28P01', 'wrong'))).toBe(false);
    expect(isTransient(failed('ECONNREFUSED', 'nobody'))).toBe(false);
  });
});
