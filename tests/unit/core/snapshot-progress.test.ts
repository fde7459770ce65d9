import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { snapshotProgress } from '../../../core/snapshot-progress.ts';
import { SnapshotPart } from '../../../core/steps.ts';
import { SNAPSHOT, STARTED_AT } from './run-samples.ts';

const START_MS = Date.parse(STARTED_AT);

function progressAfter(seconds: number, status: string) {
  return snapshotProgress('instance', { ...SNAPSHOT, status }, STARTED_AT, START_MS + seconds * 1000);
}

describe('snapshotProgress', () => {
  it('of an available snapshot carries what the manifest records', () => {
    const { status, snapshot } = progressAfter(90, 'available');
    expect({ status, snapshot }).toEqual({ status: 'available', snapshot: SNAPSHOT });
    expect(SnapshotPart.safeParse({ status, snapshot }).success).toBe(true);
  });

  it.each(['creating', 'backing-up', 'modifying', 'a state that RDS invents later'])(
    'of one that is %s waits',
    (status) => {
      expect(progressAfter(0, status)).toEqual({
        status: 'creating',
        waitSeconds: 5,
        kind: 'instance',
        identifier: SNAPSHOT.identifier,
        snapshot: null,
      });
    },
  );

  it.each(['failed', 'deleting', 'deleted', 'incompatible-restore', 'incompatible-parameters'])(
    'of one that is %s gives up',
    (status) => {
      expect(() => progressAfter(60, status)).toThrow(
        expect.objectContaining({
          name: 'SnapshotFailed',
          message: `snapshot hf-orders-20251121-023011 is ${status}`,
        }),
      );
    },
  );

  it.each([
    [0, 5],
    [20, 5],
    [100, 25],
    [240, 60],
    [36_000, 60],
    [-30, 5],
  ])('after %i s the next look is in %i s', (elapsed, wait) => {
    expect(progressAfter(elapsed, 'creating').waitSeconds).toBe(wait);
  });

  it('looks so rarely that a day fits into the history of an execution', () => {
    let looks = 0;
    for (let elapsed = 0; elapsed < 86_400; looks++) elapsed += progressAfter(elapsed, 'creating').waitSeconds;
    // A look is a Choice, a Wait and a Task: at most 11 events of the 25,000.
    expect(looks * 11).toBeLessThan(20_000);
  });

  it('always waits a whole number of seconds, as a Wait state demands', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (elapsed) => {
        const { waitSeconds } = progressAfter(elapsed, 'creating');
        expect(Number.isInteger(waitSeconds) && waitSeconds > 0).toBe(true);
      }),
    );
  });
});
