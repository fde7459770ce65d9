import { describe, expect, it } from '@jest/globals';
import { describeThaw, estimateThaw, isFrozen, isThawing, type StorageState } from '../../../core/thaw.ts';

const GIB = 1024 ** 3;

function stored(storageClass: string | undefined, more: Partial<StorageState> = {}): StorageState {
  return { sizeBytes: 100 * GIB, storageClass, archiveStatus: undefined, restore: undefined, ...more };
}

const ONGOING = 'ongoing-request="true"';
const DONE = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"';

describe('an object', () => {
  it.each<[string, StorageState, boolean]>([
    ['of the standard class', stored(undefined), false],
    ['that is seldom read', stored('STANDARD_IA'), false],
    ['in Glacier Instant Retrieval', stored('GLACIER_IR'), false],
    ['in Glacier', stored('GLACIER'), true],
    ['in Glacier, being thawed', stored('GLACIER', { restore: ONGOING }), true],
    ['in Glacier, thawed', stored('GLACIER', { restore: DONE }), false],
    ['in Deep Archive', stored('DEEP_ARCHIVE'), true],
    ['in Intelligent-Tiering', stored('INTELLIGENT_TIERING'), false],
    ['in an archive tier of it', stored('INTELLIGENT_TIERING', { archiveStatus: 'DEEP_ARCHIVE_ACCESS' }), true],
  ])('%s: frozen is %s', (_title, state, frozen) => {
    expect(isFrozen(state)).toBe(frozen);
  });

  it('that is being thawed is not asked for again', () => {
    expect([stored('GLACIER'), stored('GLACIER', { restore: ONGOING })].map(isThawing)).toEqual([false, true]);
  });
});

describe('the estimate', () => {
  it('of nothing is nothing', () => {
    const estimate = estimateThaw([stored(undefined), stored('GLACIER', { restore: DONE })]);
    expect(estimate).toEqual({ objects: 0, sizeBytes: 0, hours: 0, dollars: 0 });
    expect(describeThaw(estimate)).toBe('nothing has to be thawed');
  });

  it('waits for the slowest, and pays for retrieval, request and copy of each', () => {
    // 100 GiB: retrieval 1 $ and 2 $, five days of the copy 0.3833 $ each, requests 0.00015 $ together.
    const estimate = estimateThaw([stored('GLACIER'), stored('DEEP_ARCHIVE'), stored(undefined)]);
    expect(estimate).toEqual({ objects: 2, sizeBytes: 200 * GIB, hours: 12, dollars: 3.77 });
    expect(describeThaw(estimate)).toBe(
      '2 archived objects, 200.0 GiB: thawing takes up to 12 hours and costs about $3.77 (prices of us-east-1, tier Standard)',
    );
  });

  it('of little says so', () => {
    const estimate = estimateThaw([stored('GLACIER', { sizeBytes: 1000 })]);
    expect(describeThaw(estimate)).toContain('costs less than $0.01');
  });

  it('of Intelligent-Tiering costs nothing', () => {
    const state = stored('INTELLIGENT_TIERING', { archiveStatus: 'ARCHIVE_ACCESS' });
    expect(estimateThaw([state])).toMatchObject({ objects: 1, hours: 5, dollars: 0 });
  });
});
