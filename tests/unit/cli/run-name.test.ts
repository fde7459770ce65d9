import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runName } from '../../../cli/run-name.ts';

const NOW = new Date('2025-11-21T02:30:11.987Z');

test('a name says the source and when', () => {
  expect(runName('orders', NOW, 'a1b2')).toBe('orders-20251121-023011-a1b2');
  expect(runName(undefined, NOW, 'a1b2')).toBe('backup-20251121-023011-a1b2');
});

test('two runs of one second have different names', () => {
  const names = new Set(Array.from({ length: 20 }, () => runName('orders', NOW)));
  expect(names.size).toBeGreaterThan(1);
});

test('whatever is typed as source, Step Functions takes the name', () => {
  fc.assert(
    fc.property(fc.string(), (source) => {
      expect(runName(source, NOW)).toMatch(/^[A-Za-z0-9-]{21,80}$/);
    }),
  );
});
