import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeWork } from '../../../core/describe-work.ts';
import { ONE, TWO, execution, inputs } from './run-inputs.ts';

describe('describeWork', () => {
  it('says of a good input what its plan says', () => {
    const input = { source: 'ledger', label: 'l', trigger: 'ci' };
    expect(describeWork(execution(input), TWO)).toEqual({
      kind: 'backup',
      source: 'ledger',
      run: 'run-1',
      startedAt: '2025-11-21T02:30:11.000Z',
      executionArn: execution(null).executionArn,
      trigger: 'ci',
      label: 'l',
    });
  });

  it.each([
    ['a bad field beside a good source', { source: 'orders', include: 'all' }, TWO, 'orders'],
    ['no source where there is one', { bad: true }, ONE, 'orders'],
    ['no source where there are two', { bad: true }, TWO, '-'],
    ['a source that is not configured', { source: 'nope' }, TWO, 'nope'],
    ['a source that cannot be one', { source: 'No/Such#Source' }, TWO, '-'],
    ['a source that is no text', { source: { a: 1 } }, ONE, '-'],
    ['no object at all', 'orders', TWO, '-'],
  ])('of %s gives a source that a row can have', (_title, input, config, source) => {
    expect(describeWork(execution(input), config)).toMatchObject({ source, trigger: 'manual', label: null });
  });

  it('throws for no JSON, and its source is safe in a key', () => {
    fc.assert(
      fc.property(inputs, fc.constantFrom(ONE, TWO), (input, config) => {
        expect(describeWork(execution(input), config).source).toMatch(/^(-|[a-z][a-z0-9-]{0,31})$/);
      }),
      { numRuns: 500 },
    );
  });
});
