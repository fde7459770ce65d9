/** AWS clients of a local stack: endpoint and credentials are the stack's, whatever the environment says. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CREDENTIALS, REGION } from './emulator.ts';

interface LocalClients {
  readonly cloudFormation: CloudFormationClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
}

export function localClients(endpoint: string): LocalClients {
  const settings = { endpoint, region: REGION, credentials: CREDENTIALS };
  return {
    cloudFormation: new CloudFormationClient(settings),
    sns: new SNSClient(settings),
    sqs: new SQSClient(settings),
  };
}
