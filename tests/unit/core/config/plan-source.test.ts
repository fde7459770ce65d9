import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../../../core/config/parse.ts';
import { resolveSource, sourceNames, totalSnapshotsKept } from '../../../../core/config/plan-source.ts';
import { HoldfastError } from '../../../../core/errors.ts';

const ONE = parseConfig('sources: { orders: { connection: { secret: s } } }', 'f');
const THREE = parseConfig(
  `sources:
     orders: { connection: { secret: s }, rds: { instance: a, snapshot: { keepLast: 2 } } }
     billing: { connection: { secret: s }, rds: { cluster: b, snapshot: { keepLast: 3 } } }
     ledger: { connection: { secret: s }, rds: { instance: c } }`,
  'f',
);

const failing = (name: string | undefined): unknown => {
  try {
    resolveSource(THREE, name);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the source that is meant', () => {
  test('is the named one, or the only one', () => {
    expect(resolveSource(ONE, undefined)).toEqual({ name: 'orders', source: ONE.sources['orders'] });
    expect(resolveSource(THREE, 'billing')).toEqual({ name: 'billing', source: THREE.sources['billing'] });
  });

  test('must be named where there are several', () => {
    expect(failing(undefined)).toEqual(
      new HoldfastError('InvalidInput', 'source is required, since there are 3: orders, billing, ledger'),
    );
  });

  test('must be configured', () => {
    expect(failing('order')).toEqual(
      new HoldfastError(
        'SourceNotFound',
        'no source is named "order", did you mean "orders"? (configured: orders, billing, ledger)',
      ),
    );
    expect(failing('constructor')).toEqual(
      new HoldfastError('SourceNotFound', 'no source is named "constructor" (configured: orders, billing, ledger)'),
    );
    expect(failing('')).toMatchObject({ code: 'SourceNotFound' });
  });
});

test('sources are listed as the file has them, and their snapshots are counted', () => {
  expect(sourceNames(THREE)).toEqual(['orders', 'billing', 'ledger']);
  expect(totalSnapshotsKept(THREE)).toBe(5);
  expect(totalSnapshotsKept(ONE)).toBe(0);
});
