import { expect } from '@jest/globals';
import { createFunction, invokeState } from './lambda.ts';
import { runMachine } from './machines.ts';
import { describeMend } from './mend-suite.ts';

const THROW = "const error = new Error('it broke'); error.name = 'DumpFailed'; throw error;";

describeMend('lambda_errors', {
  'a Catch matches the name of the error': async (emulator) => {
    await createFunction(emulator, 'named', THROW);
    const { status } = await runMachine(emulator, {
      Call: invokeState('named', { Catch: [{ ErrorEquals: ['DumpFailed'], Next: 'Caught' }] }),
      Caught: { Type: 'Pass', End: true },
    });
    expect(status).toBe('SUCCEEDED');
  },

  'the cause is the JSON that Lambda writes': async (emulator) => {
    await createFunction(emulator, 'caused', THROW);
    const { cause = '' } = await runMachine(emulator, { Call: invokeState('caused') });
    expect(JSON.parse(cause)).toEqual({
      errorType: 'DumpFailed',
      errorMessage: 'it broke',
      trace: expect.arrayContaining(['DumpFailed: it broke']),
    });
  },

  'a function whose process ends is Runtime.ExitError': async (emulator) => {
    await createFunction(emulator, 'exits', 'process.exit(1)');
    const { error } = await runMachine(emulator, { Call: invokeState('exits') });
    expect(error).toBe('Runtime.ExitError');
  },
});
