import { describe, expect, test } from '@jest/globals';
import { chooseClient } from '../../../../core/postgres/client-choice.ts';
import { HoldfastError } from '../../../../core/errors.ts';

describe('chooseClient', () => {
  test.each([
    { installed: [16, 17, 18], server: 17, client: 17 },
    { installed: [18, 16, 17], server: 15, client: 16 },
    { installed: [16, 18], server: 17, client: 18 },
    { installed: [15, 16], server: 15, client: 16 },
    { installed: [18], server: 9, client: 18 },
  ])('of $installed takes $client for a server of $server', ({ installed, server, client }) => {
    expect(chooseClient(installed, server, `${server}.1`)).toBe(client);
  });

  test('refuses a server that is newer than every client, with both versions', () => {
    const choose = (): number => chooseClient([17, 16], 18, '18.2');
    expect(choose).toThrow(HoldfastError);
    expect(choose).toThrow(
      expect.objectContaining({
        code: 'ServerTooNew',
        message: expect.stringMatching(/PostgreSQL 18\.2 and the newest pg_dump is of version 17/) as unknown,
      }),
    );
  });

  test('does not blame the server where there is no usable client', () => {
    expect(() => chooseClient([15], 15, '15.4')).toThrow(expect.objectContaining({ code: 'UnexpectedError' }));
    expect(() => chooseClient([], 15, '15.4')).toThrow(/found: none/);
  });
});
