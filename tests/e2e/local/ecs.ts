import {
  CreateClusterCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type ContainerDefinition,
} from '@aws-sdk/client-ecs';
import type { State } from './machines.ts';
import { SHELL_IMAGE, type TestEmulator } from './test-emulator.ts';

/** Registers a task of one container that runs a shell script. @returns the client and the definition's family */
export async function registerScript(
  emulator: TestEmulator,
  family: string,
  script: string,
  container: Partial<ContainerDefinition> = {},
): Promise<ECSClient> {
  const ecs = new ECSClient(emulator.settings);
  await ecs.send(new CreateClusterCommand({ clusterName: 'test' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      networkMode: 'awsvpc',
      containerDefinitions: [{ name: 'main', image: SHELL_IMAGE, command: [script], ...container }],
    }),
  );
  return ecs;
}

/** A state that runs such a task to its end. */
export function runTaskState(family: string, more: State = {}): State {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::ecs:runTask.sync',
    Arguments: { Cluster: 'test', TaskDefinition: family, LaunchType: 'FARGATE' },
    End: true,
    ...more,
  };
}
