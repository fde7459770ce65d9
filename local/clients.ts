/** AWS clients of a local stack: endpoint and credentials are the stack's, whatever the environment says. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ECSClient } from '@aws-sdk/client-ecs';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CREDENTIALS, REGION } from './emulator.ts';

export interface LocalClients {
  readonly cloudFormation: CloudFormationClient;
  readonly ecs: ECSClient;
  readonly rds: RDSClient;
  readonly s3: S3Client;
  readonly secretsManager: SecretsManagerClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly stepFunctions: SFNClient;
}

export function localClients(endpoint: string): LocalClients {
  // A copy: the SDK writes into what it is given.
  const settings = { endpoint, region: REGION, credentials: { ...CREDENTIALS } };
  return {
    cloudFormation: new CloudFormationClient(settings),
    ecs: new ECSClient(settings),
    rds: new RDSClient(settings),
    s3: new S3Client(settings),
    secretsManager: new SecretsManagerClient(settings),
    sns: new SNSClient(settings),
    sqs: new SQSClient(settings),
    stepFunctions: new SFNClient(settings),
  };
}
