import { describe, expect, it } from '@jest/globals';
import { errorOfLostWorker } from '../../../core/worker-end.ts';

/** What Step Functions puts into the Cause of a failed runTask.sync, shortened. */
function taskCause(task: Record<string, unknown>): string {
  return JSON.stringify({
    ClusterArn: 'arn:aws:ecs:eu-west-1:123456789012:cluster/holdfast',
    LastStatus: 'STOPPED',
    DesiredStatus: 'STOPPED',
    ...task,
  });
}

function lost(error: string | undefined, cause: string): string {
  const { code, message } = errorOfLostWorker(error, cause);
  return `${code}: ${message}`;
}

describe('a worker without an outcome', () => {
  it('that exited with 0 died all the same', () => {
    expect(lost(undefined, '')).toBe('WorkerDied: the worker exited with code 0 but left no outcome');
  });

  it('that was killed was out of memory, or killed', () => {
    const cause = taskCause({
      StopCode: 'EssentialContainerExited',
      StoppedReason: 'Essential container in task exited',
      Containers: [{ Name: 'worker', ExitCode: 137, Reason: 'OutOfMemoryError: Container killed due to memory usage' }],
    });
    expect(lost('States.TaskFailed', cause)).toBe(
      'WorkerDied: the worker left no outcome: exit code 137 (out of memory, or killed); ' +
        'OutOfMemoryError: Container killed due to memory usage; Essential container in task exited; ' +
        'stop code EssentialContainerExited',
    );
  });

  it('that exited with another code is told with that code', () => {
    const cause = taskCause({ Containers: [{ Name: 'worker', ExitCode: 13 }] });
    expect(lost('States.TaskFailed', cause)).toBe('WorkerDied: the worker left no outcome: exit code 13');
  });

  it('whose container never ran is told with the reason', () => {
    const cause = taskCause({
      StopCode: 'TaskFailedToStart',
      StoppedReason: 'CannotPullContainerError: pull image manifest has been retried 1 time(s)',
      Containers: [{ Name: 'worker', LastStatus: 'STOPPED' }],
    });
    expect(lost('States.TaskFailed', cause)).toBe(
      'WorkerDied: the worker left no outcome: no exit code; ' +
        'CannotPullContainerError: pull image manifest has been retried 1 time(s); stop code TaskFailedToStart',
    );
  });

  it('that ran into the timeout of its state ran too long', () => {
    expect(lost('States.Timeout', '')).toBe(
      'DeadlineExceeded: the worker was still running when the time of its state was over',
    );
  });

  it.each([
    ['ECS.AccessDeniedException', 'User: x is not authorized to perform: ecs:RunTask on resource: y'],
    ['ECS.ClientException', 'AccessDeniedException: not authorized to perform: iam:PassRole'],
  ])('that ECS would not let start (%s) is a matter of permission', (error, cause) => {
    expect(lost(error, cause)).toBe(`AccessDenied: the worker was not started: ${error}: ${cause}`);
  });

  it('that ECS did not start is told with what ECS said', () => {
    expect(lost('ECS.ClientException', 'No Fargate configuration exists for given values')).toBe(
      'WorkerDied: the worker was not started: ECS.ClientException: No Fargate configuration exists for given values',
    );
  });

  it('that there was no place for is told with the failures', () => {
    const cause = JSON.stringify({ Failures: [{ Arn: 'arn:x', Reason: 'RESOURCE:ENI' }], Tasks: [] });
    expect(lost('AmazonECS.Unknown', cause)).toBe(
      `WorkerDied: the worker was not started: AmazonECS.Unknown: ${cause}`,
    );
  });

  it.each([
    '',
    'not JSON',
    'null',
    '5',
    '"text"',
    '[]',
    '{}',
    '{"Containers":"none"}',
    '{"Containers":[{"ExitCode":"9"}]}',
  ])('with the cause %j died, and the cause is shown', (cause) => {
    expect(lost('States.TaskFailed', cause)).toBe(
      `WorkerDied: the worker was not started: States.TaskFailed: ${cause}`,
    );
  });
});
