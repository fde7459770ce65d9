/** Why a worker ended, from what ECS says of its task when the worker itself left no outcome. */
import * as z from 'zod';
import { HoldfastError } from './errors.ts';

/** The part of ECS's task description that says why it stopped, as Step Functions spells it in a Cause. */
const StoppedTask = z.looseObject({
  /** Every task has one; what has none is something else, such as the failures of a RunTask that found no room. */
  LastStatus: z.string(),
  StopCode: z.string().optional(),
  StoppedReason: z.string().optional(),
  Containers: z.array(z.looseObject({ ExitCode: z.int().optional(), Reason: z.string().optional() })).default([]),
});

/** 128 + SIGKILL: the kernel's out-of-memory killer, or ECS after the stop timeout. */
const EXIT_KILLED = 137;

/**
 * The error of a worker without an outcome.
 * @param error `Error` of the Catch, undefined when the task ended with exit code 0
 * @param cause `Cause` of the Catch: the task as JSON when it started, else the service's text
 */
export function errorOfLostWorker(error: string | undefined, cause: string): HoldfastError {
  if (error === undefined) {
    return new HoldfastError('WorkerDied', 'the worker exited with code 0 but left no outcome');
  }
  if (error === 'States.Timeout') {
    return new HoldfastError('DeadlineExceeded', 'the worker was still running when the time of its state was over');
  }
  const task = parseTask(cause);
  if (!task) return errorOfUnstartedTask(error, cause);
  const container = task.Containers[0];
  const details = [
    exitText(container?.ExitCode),
    container?.Reason,
    task.StoppedReason,
    task.StopCode && `stop code ${task.StopCode}`,
  ].filter((detail) => detail !== undefined && detail !== '');
  return new HoldfastError('WorkerDied', `the worker left no outcome: ${details.join('; ')}`);
}

function errorOfUnstartedTask(error: string, cause: string): HoldfastError {
  const code = `${error} ${cause}`.includes('AccessDenied') ? 'AccessDenied' : 'WorkerDied';
  return new HoldfastError(code, `the worker was not started: ${error}: ${cause}`);
}

function exitText(exitCode: number | undefined): string {
  if (exitCode === undefined) return 'no exit code';
  return exitCode === EXIT_KILLED ? 'exit code 137 (out of memory, or killed)' : `exit code ${exitCode}`;
}

function parseTask(cause: string): z.infer<typeof StoppedTask> | undefined {
  try {
    const { data } = StoppedTask.safeParse(JSON.parse(cause));
    return data;
  } catch {
    return undefined; // not JSON: the task never existed
  }
}
