import { expect, test } from '@jest/globals';
import { renderRestoring } from '../../../cli/render-restore.ts';
import { describeRestoring } from '../../../cli/restore-documents.ts';
import { NOT_COMPARED, type RestoredDatabase } from '../../../core/restore-record.ts';
import { restored, restoreRow } from '../core/restore-samples.ts';

const view = { kind: 'recomputed', object: 'MATERIALIZED VIEW public.totals', detail: 'computed anew' };
const uncounted = { kind: NOT_COMPARED, object: 'TABLE public.leaf', detail: 'counted with another' };

const shown = (change: Partial<RestoredDatabase>): string =>
  renderRestoring(describeRestoring(restoreRow({ restored: restored(change) })));

test.each<[Partial<RestoredDatabase>, RegExp]>([
  [{ differences: [view] }, /^orders +128 .* equal$/m],
  [{ differences: [view, uncounted] }, /^orders +128 .* in part$/m],
  [{ compared: null }, /^orders +- .* no$/m],
  [{ failure: { code: 'RestoreMismatch', message: 'a row is missing' } }, /^orders .* NO: RestoreMismatch$/m],
])('what was compared is said as it is: %j', (change, line) => {
  expect(shown(change)).toMatch(line);
});

test('each difference has a line, and what is omitted is counted', () => {
  expect(shown({ differences: [view, uncounted], differencesOmitted: 3 })).toContain(
    [
      'Different, and allowed to be',
      '  orders: MATERIALIZED VIEW public.totals: computed anew',
      '  orders: TABLE public.leaf: counted with another',
      '  orders: and 3 more',
    ].join('\n'),
  );
});
