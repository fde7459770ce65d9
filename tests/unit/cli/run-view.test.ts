import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { plainDisplay } from '../../../cli/run-display.ts';
import { describeView, type RunView } from '../../../cli/run-view.ts';
import { progressOf } from './samples.ts';

const view = (more: Partial<RunView> = {}): RunView => ({
  elapsedMs: 72_000,
  states: [],
  progress: undefined,
  ...more,
});

describe('the live line', () => {
  test.each([
    ['1 min 12 s', view()],
    ['1 min 12 s  RunDump, CheckSnapshot', view({ states: ['RunDump', 'CheckSnapshot'] })],
    [
      '1 min 12 s  RunDump  dumping orders, 1 of 2 databases done, 35.2 MiB, 12.0 MiB/s',
      view({ states: ['RunDump'], progress: progressOf({ bytesPerSecond: 12 * 1024 * 1024 }) }),
    ],
    [
      '1 min 12 s  dumping orders, 1 of 2 databases done, 1,203 of 9,999 tables, 35.2 MiB, about 4 min left of orders',
      view({ progress: progressOf({ tablesDone: 1203, tablesDue: 9999, secondsLeft: 240 }) }),
    ],
    ['1 min 12 s  dumping orders, 1 of 2 databases done, 35.2 MiB', view({ progress: progressOf({ tablesDone: 3 }) })],
    [
      '1 min 12 s  connecting, 0 B',
      view({
        progress: progressOf({
          phase: 'connecting',
          database: null,
          databasesDone: 0,
          databasesDue: 0,
          bytesUploaded: 0,
        }),
      }),
    ],
    [
      '1 min 12 s  dumping a\\u{1b}b, 1 of 2 databases done, 35.2 MiB',
      view({ progress: progressOf({ database: 'a\u001bb' }) }),
    ],
  ])('%s', (expected, given) => {
    expect(describeView(given)).toBe(expected);
  });
});

test('without a terminal there is a line for each change and none for the same again', () => {
  const stream = new PassThrough();
  const display = plainDisplay(stream);
  display.note('started orders-1');
  display.entered('PlanBackup', 300);
  display.show(view({ states: ['PlanBackup'] }));
  display.entered('RunDump', 2000);
  display.show(view({ elapsedMs: 10_000, progress: progressOf() }));
  display.show(view({ elapsedMs: 20_000, progress: progressOf({ bytesUploaded: 99_999_999 }) }));
  display.show(view({ elapsedMs: 30_000, progress: progressOf({ database: 'billing', databasesDone: 2 }) }));
  display.end();
  expect(`\n${String(stream.read())}`).toMatchInlineSnapshot(`
   "
   started orders-1
        0 s  PlanBackup
        2 s  RunDump
       10 s  dumping orders, 1 of 2 databases done, 35.2 MiB
       30 s  dumping billing, 2 of 2 databases done, 35.2 MiB
   "
  `);
});
