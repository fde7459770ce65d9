/** A point whose removal has begun may lack data, and must not look like a backup. */
import { describe, expect, it } from '@jest/globals';
import { renderList } from '../../../cli/render-list.ts';
import { renderRun } from '../../../cli/render-run.ts';
import { requireDump } from '../../../core/choose-point.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { documentOf, VERIFIED } from './samples.ts';

const SINCE = '2026-11-18T09:17:00.000Z';
const HALF: RunRow = { ...VERIFIED, deleting: SINCE, removalReasons: ['no rule keeps it'] };

describe('a point that is being removed', () => {
  it('has no verdict and no dumps, and says since when, why, and what it was', () => {
    expect(documentOf(HALF)).toMatchObject({
      verdict: null,
      databases: 0,
      dumps: [],
      verification: null,
      removing: { since: SINCE, verdict: 'verified', reasons: ['no rule keeps it'] },
      removed: null,
    });
    expect(documentOf(VERIFIED)).toMatchObject({ verdict: 'verified', removing: null });
  });

  it('is listed and shown as what it is', () => {
    expect(renderList([documentOf(HALF)])).toMatch(/being removed \(verified\)/);
    const text = renderRun(documentOf(HALF));
    expect(text).toMatch(/^\S+: being removed \(verified\)\n/);
    expect(text).toMatch(/being removed +since 2026-11-18 09:17:00 UTC: no rule keeps it\n/);
    expect(text).not.toMatch(/VerifyDump|DATABASE/);
  });

  it('cannot be verified again', () => {
    expect(() => requireDump(HALF)).toThrow(`run ${VERIFIED.run} of source orders is being removed by retention`);
    expect(requireDump(VERIFIED)).toBe(VERIFIED);
  });
});
