import { expect } from '@jest/globals';
import { ended, startMachine } from './machines.ts';
import { describeMend } from './mend-suite.ts';

describeMend('machine_timeout', {
  'TimeoutSeconds of the machine ends the execution': async (emulator) => {
    const wait = { Wait: { Type: 'Wait', Seconds: 60, End: true } };
    const execution = await startMachine(emulator, wait, { TimeoutSeconds: 1 });
    expect(await ended(execution, 2500)).toMatchObject({ status: 'TIMED_OUT' });
  },
});
