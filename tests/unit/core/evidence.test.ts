import { expect, test } from '@jest/globals';
import { Evidence } from '../../../core/manifest.ts';

test('evidence of the first versions can still be read', () => {
  const first = {
    tables: [{ schema: 'public', name: 'item', rows: 1 }],
    sequences: [],
    largeObjects: { count: 2 },
    extensions: [],
    settings: [],
  };
  expect(Evidence.parse(first)).toEqual(first);
});
