import { describe, expect, it } from '@jest/globals';
import { describeThaw, estimateThaw, isFrozen, isThawing, thawRequest, type StorageState } from '../../../core/thaw.ts';

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

describe('a request for a thaw', () => {
  it('says for how many days the copy stays', () => {
    expect(thawRequest(stored('GLACIER'), 'Standard')).toEqual({ Days: 5, GlacierJobParameters: { Tier: 'Standard' } });
  });

  it('of Intelligent-Tiering may say none: what it thaws moves back', () => {
    const state = stored('INTELLIGENT_TIERING', { archiveStatus: 'ARCHIVE_ACCESS' });
    expect(thawRequest(state, 'Expedited')).toEqual({ GlacierJobParameters: { Tier: 'Expedited' } });
  });
});

describe('the estimate', () => {
  it('of nothing is nothing', () => {
    const estimate = estimateThaw([stored(undefined), stored('GLACIER', { restore: DONE })], 'Standard');
    expect(estimate).toEqual({ objects: 0, sizeBytes: 0, tier: 'Standard', hours: 0, dollars: 0 });
    expect(describeThaw(estimate)).toBe('nothing has to be thawed');
  });

  it('waits for the slowest, and pays for retrieval, request and copy of each', () => {
    // 100 GiB: retrieval 1 $ and 2 $, five days of the copy 0.3833 $ each, requests 0.00015 $ together.
    const estimate = estimateThaw([stored('GLACIER'), stored('DEEP_ARCHIVE'), stored(undefined)], 'Standard');
    expect(estimate).toEqual({ objects: 2, sizeBytes: 200 * GIB, tier: 'Standard', hours: 12, dollars: 3.77 });
    expect(describeThaw(estimate)).toBe(
      '2 archived objects, 200.0 GiB: thawing takes up to 12 h and costs about $3.77 ' +
        '(tier Standard; us-east-1 prices, as of June 2026)',
    );
  });

  it('of little says so', () => {
    const estimate = estimateThaw([stored('GLACIER', { sizeBytes: 1000 })], 'Standard');
    expect(describeThaw(estimate)).toContain('takes up to 5 h and costs less than $0.01');
  });

  it('of what is being thawed already pays for the copy alone', () => {
    expect(estimateThaw([stored('GLACIER', { restore: ONGOING })], 'Standard')).toMatchObject({ dollars: 0.38 });
  });

  it('of Intelligent-Tiering costs nothing, but for haste', () => {
    const state = stored('INTELLIGENT_TIERING', { archiveStatus: 'ARCHIVE_ACCESS' });
    expect(estimateThaw([state], 'Standard')).toMatchObject({ objects: 1, hours: 5, dollars: 0 });
    expect(estimateThaw([state], 'Expedited')).toMatchObject({ dollars: 3.01 });
  });

  it('of haste is minutes for what is small, and as long as S3 reads what is large', () => {
    const small = estimateThaw([stored('GLACIER', { sizeBytes: 1000 })], 'Expedited');
    expect(describeThaw(small)).toContain('takes up to 5 min and costs about $0.01 (tier Expedited; ');
    // 107.4 GB with 300 MB/s: 358 s more; 3 $ and 0.01 $ for the request and 0.3833 $ for the copy.
    const large = estimateThaw([stored('GLACIER')], 'Expedited');
    expect(describeThaw(large)).toContain('takes up to 10 min 58 s and costs about $3.39 ');
  });

  it('of haste is refused where S3 offers none, unless nothing has to be thawed', () => {
    expect(() => estimateThaw([stored('GLACIER'), stored('DEEP_ARCHIVE')], 'Expedited')).toThrow(
      'thawTier: S3 offers no Expedited for DEEP_ARCHIVE, only Standard',
    );
    expect(estimateThaw([stored('DEEP_ARCHIVE', { restore: DONE })], 'Expedited')).toMatchObject({ objects: 0 });
  });
});
