import { expect, test } from '@jest/globals';
import { summarize } from '../../../cli/documents.ts';
import { renderList } from '../../../cli/render-list.ts';
import { renderOutcome, renderRun } from '../../../cli/render-run.ts';
import { databaseDump, runRow } from '../core/run-samples.ts';
import {
  ABORTED,
  documentOf,
  PARTIAL,
  progressOf,
  REFUSED,
  REMARK,
  REMOVED,
  SNAPSHOT_ONLY,
  storageClassesOf,
  SUSPECT,
  VERIFIED,
} from './samples.ts';

// Links into the console are for AWS itself, not for the endpoint of whoever runs the tests.
delete process.env['AWS_ENDPOINT_URL'];
delete process.env['AWS_ENDPOINT_URL_SFN'];

/** One run of each kind. The golden file shows them as a person sees them. */
const KINDS = {
  verified: documentOf(VERIFIED),
  partial: documentOf(PARTIAL),
  refused: documentOf(REFUSED),
  aborted: documentOf(ABORTED),
  'snapshot only': documentOf(SNAPSHOT_ONLY),
  running: documentOf(runRow(), { progress: progressOf() }),
  'without its manifest': documentOf(VERIFIED, { manifest: undefined, storageClasses: new Map() }),
  'accepted and held': documentOf({ ...SUSPECT, accepted: REMARK, hold: { ...REMARK, why: 'audit 2025' } }),
  removed: documentOf(REMOVED),
};

test.each(Object.entries(KINDS))('show: %s', (_kind, run) => {
  expect(`\n${renderRun(run)}\n`).toMatchSnapshot();
});

test.each(Object.entries(KINDS).filter(([kind]) => kind !== 'running'))('end of backup --wait: %s', (_kind, run) => {
  expect(`\n${renderOutcome(run)}\n`).toMatchSnapshot();
});

test('list', () => {
  const rows = [VERIFIED, PARTIAL, REFUSED, ABORTED, SNAPSHOT_ONLY, SUSPECT, REMOVED, runRow()];
  const lost = summarize({ ...VERIFIED, run: 'lost' }, new Map());
  const listed = [...rows.map((row) => summarize(row, storageClassesOf(row))), lost];
  expect(`\n${renderList(listed)}\n`).toMatchSnapshot();
});

test('the document for programs', () => {
  expect(KINDS.verified).toMatchSnapshot();
  expect(KINDS.running).toMatchSnapshot();
});

test('what comes from a server cannot steer the terminal', () => {
  const escape = '\u001b[2J\u202e';
  const dump = databaseDump(`shop${escape}\nfake: verified`, { warnings: [`beware${escape}`] });
  const failure = { code: 'DumpFailed' as const, message: `pg_dump said${escape}` };
  const run = documentOf({ ...VERIFIED, label: escape, run: `r${escape}`, dumps: [dump], failure });
  for (const text of [renderRun(run), renderOutcome(run), renderList([run])]) {
    expect(text).not.toMatch(/[\p{Cf}\u2028]|(?!\n)\p{Cc}/u);
    expect(text).not.toMatch(/^\s*fake: verified/m);
  }
});
