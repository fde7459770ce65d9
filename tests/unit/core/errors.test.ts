import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS, failureOfStep, HoldfastError, isErrorCode, toFailure } from '../../../core/errors.ts';

/** The table of the design, section 12: a contract with scripts that look at exit codes. */
const EXIT_CODES = {
  UnexpectedError: 1,
  InvalidInput: 2,
  InvalidConfig: 2,
  SourceNotFound: 3,
  RunInProgress: 4,
  SecretNotFound: 5,
  DatabaseNotFound: 6,
  SecretInvalid: 7,
  RecoveryPointNotFound: 8,
  AccessDenied: 10,
  AuthFailed: 10,
  SourceUnreachable: 11,
  ServerTooNew: 12,
  DumpFailed: 13,
  DumpStalled: 14,
  UploadFailed: 15,
  WorkerDied: 16,
  DeadlineExceeded: 17,
  TableUnreadable: 18,
  LockTimeout: 19,
  ObjectMissing: 20,
  SizeMismatch: 21,
  ChecksumMismatch: 22,
  Suspect: 23,
  SnapshotFailed: 30,
  SnapshotQuotaExceeded: 31,
  SnapshotTimeout: 32,
  TargetNotEmpty: 40,
  RestoreFailed: 41,
  RestoreMismatch: 42,
  Untestable: 43,
  RetentionRefused: 50,
  Cancelled: 130,
};

describe('the table of errors', () => {
  it('has the exit codes of the contract', () => {
    const exits = Object.fromEntries(Object.entries(ERRORS).map(([code, { exit }]) => [code, exit]));
    expect(exits).toEqual(EXIT_CODES);
  });

  it.each(Object.entries(ERRORS))('%s speaks in lower case, without a full stop', (_code, { meaning, hint }) => {
    for (const text of [meaning, hint])
      expect(text).toMatch(/^[a-z0-9"].*[^.\s]$|^S3 .*[^.\s]$|^AWS .*[^.\s]$|^RDS .*[^.\s]$/);
  });
});

describe('HoldfastError', () => {
  it('is named after its code, which is what Step Functions matches', () => {
    const cause = new Error('socket hang up');
    const error = new HoldfastError('UploadFailed', 'S3 did not answer', { cause });
    expect(error).toMatchObject({ name: 'UploadFailed', code: 'UploadFailed', exitCode: 15, cause });
    expect(String(error)).toBe('UploadFailed: S3 did not answer');
  });
});

describe('isErrorCode', () => {
  it.each(['States.Timeout', '', 'toString', '__proto__', 'dumpfailed'])('%j is none', (name) => {
    expect(isErrorCode(name)).toBe(false);
  });
});

describe('toFailure', () => {
  it('keeps code and message of ours', () => {
    expect(toFailure(new HoldfastError('LockTimeout', 'blocked by 42'))).toEqual({
      code: 'LockTimeout',
      message: 'blocked by 42',
    });
  });

  it('gives the whole chain of causes of anything else', () => {
    const error = new TypeError('x is not a function', { cause: new Error('inner', { cause: 'text' }) });
    expect(toFailure(error)).toEqual({
      code: 'UnexpectedError',
      message: 'TypeError: x is not a function, caused by Error: inner, caused by text',
    });
  });

  it('takes whatever is thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withDate: true, withMap: true }), (thrown) => {
        expect(toFailure(thrown).code).toBe('UnexpectedError');
      }),
    );
  });
});

describe('failureOfStep', () => {
  const lambdaCause = (errorMessage: string): string =>
    JSON.stringify({ errorType: 'any', errorMessage, trace: ['at x'] });

  it.each([
    ['a code of ours', 'DumpFailed', lambdaCause('exit code 1'), 'DumpFailed', 'exit code 1'],
    ['a code with a plain cause', 'Cancelled', 'stopped', 'Cancelled', 'stopped'],
    ['a timeout of the state', 'States.Timeout', '', 'DeadlineExceeded', 'States.Timeout'],
    ['a failed task', 'States.TaskFailed', 'gone', 'WorkerDied', 'States.TaskFailed: gone'],
    [
      'a crashed function',
      'Runtime.ExitError',
      lambdaCause('RequestId: 1 Error: exit status 1'),
      'UnexpectedError',
      'Runtime.ExitError: RequestId: 1 Error: exit status 1',
    ],
    [
      'a function out of time',
      'Sandbox.Timedout',
      lambdaCause('Task timed out after 30.00 seconds'),
      'UnexpectedError',
      'Sandbox.Timedout: Task timed out after 30.00 seconds',
    ],
    ['a name of every object', 'toString', 'x', 'UnexpectedError', 'toString: x'],
    ['JSON that is no error', 'DumpFailed', '{"a":1}', 'DumpFailed', '{"a":1}'],
    ['an error without a text', 'X', '', 'UnexpectedError', 'X'],
  ])('%s', (_title, error, cause, code, message) => {
    expect(failureOfStep(error, cause)).toEqual({ code, message });
  });

  it('never throws and never invents a code', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.string(), fc.json()), (error, cause) => {
        expect(isErrorCode(failureOfStep(error, cause).code)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
