/** Tasks in the emulator's ECS that work for rows, and go on until they are told to stop. */
import { DescribeTasksCommand, RunTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { ecs } from '../../../aws/clients.ts';
import type { RowKey } from '../../../core/keys.ts';
import { registerScript } from '../../e2e/local/ecs.ts';
import { eventually } from '../../e2e/local/mend-suite.ts';
import type { TestEmulator } from '../../e2e/local/test-emulator.ts';

const CLUSTER = 'test';
const FAMILY = 'worker';

/** Exit code of a task that was told to stop. */
const TOLD = 130;

export async function createCluster(emulator: TestEmulator): Promise<void> {
  await registerScript(emulator, FAMILY, `trap 'exit ${TOLD}' TERM; while :; do sleep 0.05; done`);
  process.env['HOLDFAST_CLUSTER'] = CLUSTER;
}

/**
 * @param row undefined: it names none, as what is none of ours
 * @returns the task's ARN, once it runs
 */
export async function startTask(row: RowKey | undefined): Promise<string> {
  const environment = row && [
    { name: 'HOLDFAST_RUN_PK', value: row.pk },
    { name: 'HOLDFAST_RUN_SK', value: row.sk },
  ];
  const { tasks = [] } = await ecs().send(
    new RunTaskCommand({
      cluster: CLUSTER,
      taskDefinition: FAMILY,
      overrides: { containerOverrides: [{ name: 'main', ...(environment && { environment }) }] },
    }),
  );
  const task = tasks[0]?.taskArn ?? '';
  return eventually(async () => ((await find(task))?.lastStatus === 'RUNNING' ? task : undefined));
}

/** Whether nobody has told it to stop. */
export async function isMeantToRun(task: string): Promise<boolean> {
  return (await find(task))?.desiredStatus === 'RUNNING';
}

/** @throws when it does not end, or not for having been told */
export async function hasEnded(task: string): Promise<void> {
  await eventually(async () => ((await find(task))?.containers?.[0]?.exitCode === TOLD ? true : undefined));
}

async function find(arn: string): Promise<Task | undefined> {
  const { tasks = [] } = await ecs().send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: [arn] }));
  return tasks[0];
}
