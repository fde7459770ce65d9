/** Fargate tasks of the stack's cluster that run a worker. */
import {
  DescribeTasksCommand,
  paginateListTasks,
  StopTaskCommand,
  type KeyValuePair,
  type Task,
} from '@aws-sdk/client-ecs';
import type { RowKey } from '../core/keys.ts';
import { ecs } from './clients.ts';

export interface WorkerTask {
  readonly arn: string;
  /** The row that its worker reads its plan from. */
  readonly row: RowKey;
}

/** Those that are meant to run: what has been told to stop is not among them, nor is a task that names no row. */
export async function workerTasks(cluster: string): Promise<WorkerTask[]> {
  const found: WorkerTask[] = [];
  // A page holds as many tasks as DescribeTasks takes, 100.
  for await (const { taskArns = [] } of paginateListTasks({ client: ecs() }, { cluster, desiredStatus: 'RUNNING' })) {
    if (taskArns.length === 0) continue;
    const { tasks = [] } = await ecs().send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    found.push(...tasks.flatMap(toWorkerTask));
  }
  return found;
}

/** It gets SIGTERM, and SIGKILL when it does not end. One that has ended meanwhile is left alone. */
export async function stopTask(cluster: string, task: string, reason: string): Promise<void> {
  await ecs().send(new StopTaskCommand({ cluster, task, reason }));
}

function toWorkerTask({ taskArn: arn = '', overrides }: Task): WorkerTask[] {
  const environment = (overrides?.containerOverrides ?? []).flatMap((container) => container.environment ?? []);
  const [pk, sk] = [valueOf(environment, 'HOLDFAST_RUN_PK'), valueOf(environment, 'HOLDFAST_RUN_SK')];
  return pk === undefined || sk === undefined ? [] : [{ arn, row: { pk, sk } }];
}

function valueOf(environment: readonly KeyValuePair[], name: string): string | undefined {
  return environment.find((variable) => variable.name === name)?.value;
}
