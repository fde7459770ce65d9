/** Faults that are known before the first byte: bad input, and a worker that finds nothing it may dump. */
import { expect, test } from '@jest/globals';
import type { ErrorCode } from '../../../core/errors.ts';
import { expectNothing } from '../support/machine-expect.ts';
import { startRun } from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import type { FaultWorld } from './fault-world.ts';

interface BadInput {
  readonly name: string;
  readonly input: unknown;
  /** Under which the run is filed. */
  readonly filed: string;
  readonly code: ErrorCode;
  readonly cause: RegExp;
}

const BAD_INPUTS: readonly BadInput[] = [
  {
    name: 'a source that is not configured',
    input: { source: 'missing-secrets' },
    filed: 'missing-secrets',
    code: 'SourceNotFound',
    cause: /^no source is named "missing-secrets", did you mean "missing-secret"\? \(configured: .*\bgood\b/,
  },
  {
    name: 'an unknown key',
    input: { source: 'refused', include: ['dump'], labl: 'x' },
    filed: 'refused',
    code: 'InvalidInput',
    cause: /^unknown key labl \(allowed: source, label, include, trigger, scheduledTime, Comment\)$/,
  },
  {
    name: 'values of the wrong type, all of them named',
    input: { source: 5, label: ['x'], include: ['dumps'] },
    filed: '-',
    code: 'InvalidInput',
    cause: /source: .*got 5; label: .*got \["x"\]; include\.0: .*got "dumps"/,
  },
  {
    name: 'no source where several are configured',
    input: {},
    filed: '-',
    code: 'InvalidInput',
    cause: /^source is required, since there are \d+: .*\bgood\b/,
  },
  { name: 'no object', input: 'good', filed: '-', code: 'InvalidInput', cause: /^input: .*got "good"/ },
  {
    name: 'a snapshot of what is not on RDS',
    input: { source: 'refused', include: ['snapshot'] },
    filed: 'refused',
    code: 'InvalidInput',
    cause: /^include: source refused has no rds in holdfast\.yml/,
  },
];

/** A source whose worker has to refuse it. */
interface BadSource {
  readonly name: string;
  readonly source: string;
  readonly config?: SourceConfig;
  /** Of the secret named as the source; undefined: there is none. */
  readonly secret?: (world: FaultWorld) => unknown;
  readonly code: ErrorCode;
  readonly cause: RegExp;
}

const login = ({ server: { host, port, user, password } }: FaultWorld): Record<string, unknown> => ({
  host,
  port,
  username: user,
  password,
  dbname: 'shop',
});

const BAD_SOURCES: readonly BadSource[] = [
  {
    name: 'a secret that does not exist',
    source: 'missing-secret',
    code: 'SecretNotFound',
    cause: /^secret missing-secret does not exist/,
  },
  {
    name: 'a secret without a password',
    source: 'no-password',
    secret: (world) => ({ ...login(world), password: undefined }),
    code: 'SecretInvalid',
    cause: /^secret no-password has no "password": add it$/,
  },
  {
    name: 'a secret that is not JSON',
    source: 'no-json',
    secret: ({ server }) => server.password,
    code: 'SecretInvalid',
    cause: /^secret no-json is not JSON: store \{"username","password"\}$/,
  },
  {
    name: 'a wrong password',
    source: 'wrong-password',
    secret: (world) => ({ ...login(world), password: 'no longer' }),
    code: 'AuthFailed',
    cause: /refused the login of postgres: password authentication failed/,
  },
  {
    name: 'nobody at the port',
    source: 'nobody-there',
    secret: (world) => ({ ...login(world), port: 1 }),
    code: 'SourceUnreachable',
    cause: /^no connection to 127\.0\.0\.1:1: .*ECONNREFUSED/,
  },
  {
    name: 'a database that does not exist',
    source: 'no-database',
    config: { databases: ['shop', 'shops'] },
    secret: login,
    code: 'DatabaseNotFound',
    cause: /has no database shops that takes connections: the server has .*shop/,
  },
  {
    name: '"*" that matches nothing',
    source: 'empty-server',
    config: { databases: ['*'] },
    secret: (world) => ({ ...login(world), port: world.emptyServer.port, dbname: 'template1' }),
    code: 'DatabaseNotFound',
    cause: /^"\*" matches no database/,
  },
  {
    name: 'a table that the user may not read',
    source: 'no-permission',
    secret: (world) => ({ ...login(world), username: 'limited', password: 'limited' }),
    code: 'TableUnreadable',
    cause: /^limited may not read public\.(item|purchase).*: grant SELECT/,
  },
];

/** Sources that the faults need in holdfast.yml. */
export const REFUSED_SOURCES: Readonly<Record<string, SourceConfig>> = {
  refused: { connection: { secret: 'refused' } },
  ...Object.fromEntries(
    BAD_SOURCES.map(({ source, config }) => [
      source,
      { connection: { secret: source, sslMode: 'require' }, ...config },
    ]),
  ),
};

export function testRefused(world: () => FaultWorld): void {
  test.concurrent.each(BAD_INPUTS)('input: $name: $code', async ({ input, filed, code, cause }) => {
    const run = await startRun(world(), input, filed);
    await expectNothing(world(), run, { code, cause, servers: [world().server] });
  });

  test.concurrent.each(BAD_SOURCES)('$name: $code', async ({ source, secret, code, cause }) => {
    const { stack, server, emptyServer } = world();
    const value = secret?.(world());
    if (value !== undefined) await stack.putSecret(source, value as Record<string, unknown> | string);
    const run = await startRun(world(), { source });
    await expectNothing(world(), run, { code, cause, servers: [server, emptyServer] });
    const told = JSON.stringify([await world().mailbox.endOf(run.run)]);
    expect(told).not.toContain(JSON.stringify(server.password).slice(1, -1));
  });
}
