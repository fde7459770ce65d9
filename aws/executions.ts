/** Executions of a state machine, for programs that start and watch them. */
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  StartExecutionCommand,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import { stepFunctions } from './clients.ts';

export interface ExecutionState {
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';
  /** ISO-8601 UTC. */
  readonly startedAt: string;
  /** Name and text of the error, where it failed. */
  readonly error: string;
  readonly cause: string;
  /** JSON, where it succeeded. */
  readonly output: string | undefined;
}

/** That a state was entered or left. `id` grows with time. */
export interface StateChange {
  readonly id: number;
  readonly at: string;
  readonly kind: 'entered' | 'exited';
  readonly state: string;
  /** Of the state, as in the machine's definition: Task, Choice, Parallel, … */
  readonly type: string;
}

/** @param name unique for the machine. @returns the execution's ARN */
export async function startExecution(stateMachineArn: string, name: string, input: unknown): Promise<string> {
  const { executionArn = '' } = await stepFunctions().send(
    new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
  );
  return executionArn;
}

/** ARN that the execution of a machine has, whether it exists or not. */
export function executionArnOf(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** @returns undefined for an execution that Step Functions does not know, or no longer (90 days) */
export async function findExecution(executionArn: string): Promise<ExecutionState | undefined> {
  try {
    const { status, startDate, error, cause, output } = await stepFunctions().send(
      new DescribeExecutionCommand({ executionArn }),
    );
    return {
      status: status ?? 'RUNNING',
      startedAt: (startDate ?? new Date()).toISOString(),
      error: error ?? '',
      cause: cause ?? '',
      output,
    };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** The changes of state after the event `afterId` (0: all of them), oldest first. */
export async function stateChangesAfter(executionArn: string, afterId: number): Promise<StateChange[]> {
  const changes: StateChange[] = [];
  let nextToken: string | undefined;
  do {
    // Newest first, so that what was seen before need not be read again.
    const page = await stepFunctions().send(
      new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder: true,
        includeExecutionData: false,
        maxResults: 100,
        nextToken,
      }),
    );
    const events = page.events ?? [];
    const unseen = events.filter(({ id = 0 }) => id > afterId);
    changes.push(...unseen.flatMap(toChange));
    nextToken = unseen.length === events.length ? page.nextToken : undefined;
  } while (nextToken !== undefined);
  return changes.reverse();
}

function toChange(event: HistoryEvent): StateChange[] {
  const { id = 0, timestamp = new Date(), stateEnteredEventDetails, stateExitedEventDetails } = event;
  const state = stateEnteredEventDetails?.name ?? stateExitedEventDetails?.name;
  if (state === undefined) return [];
  const type = (event.type ?? '').replace(/State(Entered|Exited)$/, '');
  return [{ id, at: timestamp.toISOString(), kind: stateEnteredEventDetails ? 'entered' : 'exited', state, type }];
}
