/** Why an execution ended badly, where the table has no record of it. */
import type { ExecutionState } from '../aws/executions.ts';
import { failureOfStep, type Failure } from '../core/errors.ts';

export function failureOfExecution({ status, error, cause }: ExecutionState): Failure {
  if (status === 'ABORTED') {
    return { code: 'Cancelled', message: `the execution was stopped from outside${cause === '' ? '' : `: ${cause}`}` };
  }
  if (status === 'TIMED_OUT')
    return { code: 'DeadlineExceeded', message: 'the execution took longer than the machine allows' };
  return failureOfStep(error, cause);
}
