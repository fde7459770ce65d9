import { expect } from '@jest/globals';
import { ended, runMachine, startMachine, type State } from './machines.ts';
import { describeMend } from './mend-suite.ts';

const branch = (states: Record<string, State>): State => ({ StartAt: Object.keys(states)[0], States: states });

describeMend('parallel', {
  'Arguments are the input of the branches, Output the output': async (emulator) => {
    const { output = '' } = await runMachine(emulator, {
      Both: {
        Type: 'Parallel',
        Arguments: { number: '{% $states.input.given + 1 %}' },
        Branches: [branch({ One: { Type: 'Pass', End: true } }), branch({ Two: { Type: 'Pass', End: true } })],
        Output: { sum: '{% $sum($states.result.number) %}' },
        End: true,
      },
    });
    expect(JSON.parse(output)).toEqual({ sum: 4 });
  },

  'Assign is for what follows': async (emulator) => {
    const { output = '' } = await runMachine(emulator, {
      Both: {
        Type: 'Parallel',
        Branches: [branch({ One: { Type: 'Pass', Output: 5, End: true } })],
        Assign: { found: '{% $states.result[0] %}' },
        Next: 'After',
      },
      After: { Type: 'Pass', Output: '{% $found %}', End: true },
    });
    expect(JSON.parse(output)).toBe(5);
  },

  "a branch's variables are its own": async (emulator) => {
    const { status } = await runMachine(emulator, {
      Both: {
        Type: 'Parallel',
        Branches: [branch({ One: { Type: 'Pass', Assign: { mine: 1 }, End: true } })],
        Next: 'After',
      },
      After: { Type: 'Pass', Output: '{% $exists($mine) ? $error("leaked") : "unknown" %}', End: true },
    });
    expect(status).toBe('SUCCEEDED');
  },

  'a failed branch ends the others': async (emulator) => {
    const execution = await startMachine(emulator, {
      Both: {
        Type: 'Parallel',
        Branches: [
          branch({ Fails: { Type: 'Fail', Error: 'Broken', Cause: 'on purpose' } }),
          branch({ Waits: { Type: 'Wait', Seconds: 60, End: true } }),
        ],
        End: true,
      },
    });
    expect(await ended(execution, 2500)).toMatchObject({ status: 'FAILED', error: 'Broken' });
  },
});
