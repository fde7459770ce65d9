/**
 * The one place that makes AWS clients. Region, credentials and endpoints come from the environment, as the SDK
 * resolves them; each client is made once per process, when first asked for.
 */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

export const cloudFormation = once(() => new CloudFormationClient());
export const rds = once(() => new RDSClient());
export const s3 = once(() => new S3Client());
export const secretsManager = once(() => new SecretsManagerClient());
export const sns = once(() => new SNSClient());
export const stepFunctions = once(() => new SFNClient());
export const dynamo = once(() =>
  DynamoDBDocumentClient.from(new DynamoDBClient(), { marshallOptions: { removeUndefinedValues: true } }),
);
