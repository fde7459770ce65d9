/** Deploys the service to an emulator and finds out what it made. */
import { DescribeStacksCommand, type CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { HoldfastError } from '../core/errors.ts';
import { deployService, packageService } from '../infra/package.ts';
import { localClients } from './clients.ts';
import { CREDENTIALS, REGION } from './emulator.ts';
import type { StackInfo } from './stack-state.ts';

const STAGE = 'local';
export const WORKER_IMAGE = 'holdfast-worker:local';
/** Nobody answers there: packaging needs no AWS, and must not find a real one. */
const NO_AWS = 'http://127.0.0.1:1';

/** Bundles and template into `<outDir>`; the worker's bundle becomes `<outDir>/worker/worker.mjs`. */
export async function packageForLocal(configFile: string, outDir: string): Promise<string> {
  const env = environmentFor(NO_AWS);
  const { serviceDir } = await packageService({ configFile, outDir, stage: STAGE, workerImage: WORKER_IMAGE, env });
  return serviceDir;
}

/** @param endpoints services that the functions and containers find elsewhere; only to be told */
export async function deployToEmulator(
  serviceDir: string,
  endpoint: string,
  endpoints: Readonly<Record<string, string>>,
): Promise<StackInfo> {
  // Not through the endpoints of single services: what stands there may be made to fail.
  await deployService({ serviceDir, stage: STAGE, workerImage: WORKER_IMAGE, env: environmentFor(endpoint) });
  const clients = localClients(endpoint);
  const outputs = await stackOutputs(clients.cloudFormation);
  const topic = required(outputs, 'TopicArn');
  return {
    endpoint,
    region: REGION,
    ...CREDENTIALS,
    stateMachines: {
      backup: required(outputs, 'BackupMachineArn'),
      restore: required(outputs, 'RestoreMachineArn'),
      restoreTest: required(outputs, 'RestoreTestMachineArn'),
    },
    bucket: required(outputs, 'BucketName'),
    table: required(outputs, 'TableName'),
    topic,
    mailbox: await makeMailbox(clients, topic),
    endpoints,
  };
}

/** The caller's environment without the caller's AWS: a profile or an endpoint of one service would win over ours. */
function environmentFor(endpoint: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return { ...Object.fromEntries(others), ...sdkEnvironment(endpoint, {}) };
}

/** The variables from which any AWS SDK takes region, credentials and endpoints. */
export function sdkEnvironment(endpoint: string, endpoints: Readonly<Record<string, string>>): Record<string, string> {
  const perService = Object.entries(endpoints).map(([service, url]) => [
    `AWS_ENDPOINT_URL_${service.toUpperCase()}`,
    url,
  ]);
  return {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...(Object.fromEntries(perService) as Record<string, string>),
  };
}

async function stackOutputs(cloudFormation: CloudFormationClient): Promise<ReadonlyMap<string, string>> {
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: `holdfast-${STAGE}` }));
  return new Map((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

function required(outputs: ReadonlyMap<string, string>, name: string): string {
  const value = outputs.get(name);
  if (value === undefined) throw new HoldfastError('UnexpectedError', `the deployed stack has no output ${name}`);
  return value;
}

/** A queue that gets every message of the topic in the SNS envelope: the mails that would have been sent. */
async function makeMailbox({ sns, sqs }: ReturnType<typeof localClients>, topic: string): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'holdfast-mailbox' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Policy = JSON.stringify(mayBeSentTo(Attributes?.QueueArn, topic));
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: Attributes?.QueueArn }));
  return QueueUrl;
}

function mayBeSentTo(Resource: string | undefined, topic: string): unknown {
  const Condition = { ArnEquals: { 'aws:SourceArn': topic } };
  const Principal = { Service: 'sns.amazonaws.com' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource, Condition }];
  return { Version: '2012-10-17', Statement };
}
