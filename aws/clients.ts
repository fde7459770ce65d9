/**
 * The one place that makes AWS clients. Region, credentials and endpoints come from the environment, as the SDK
 * resolves them; each client is made once per process, when first asked for.
 * Plain functions, so that a bundle holds only the clients that it uses.
 */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const made: {
  cloudFormation?: CloudFormationClient;
  ecs?: ECSClient;
  rds?: RDSClient;
  s3?: S3Client;
  uploadS3?: S3Client;
  restoreS3?: S3Client;
  secretsManager?: SecretsManagerClient;
  sns?: SNSClient;
  stepFunctions?: SFNClient;
  dynamo?: DynamoDBDocumentClient;
} = {};

export const cloudFormation = (): CloudFormationClient => (made.cloudFormation ??= new CloudFormationClient());
export const ecs = (): ECSClient => (made.ecs ??= new ECSClient());
export const rds = (): RDSClient => (made.rds ??= new RDSClient());
export const s3 = (): S3Client => (made.s3 ??= new S3Client());
/**
 * For bodies in buffers that are used again: the SDK must not repeat a request while an earlier one may still be reading
 * its body, so who sends them repeats. Nor does it ask S3 whether it may send (100-continue), for which it would make a
 * new connection for every part.
 */
export const uploadS3 = (): S3Client =>
  (made.uploadS3 ??= new S3Client({ maxAttempts: 1, expectContinueHeader: false, logger: SILENT }));

const silently = (): void => undefined;
/** It would warn of each stream that it cannot repeat, on lines that are no log. */
const SILENT = { debug: silently, info: silently, warn: silently, error: silently };

/** For objects whose SHA-256 is compared: the SDK's own checksum would be a second one, that looks like a broken line. */
export const restoreS3 = (): S3Client =>
  (made.restoreS3 ??= new S3Client({ responseChecksumValidation: 'WHEN_REQUIRED' }));
export const secretsManager = (): SecretsManagerClient => (made.secretsManager ??= new SecretsManagerClient());
export const sns = (): SNSClient => (made.sns ??= new SNSClient());
export const stepFunctions = (): SFNClient => (made.stepFunctions ??= new SFNClient());
export const dynamo = (): DynamoDBDocumentClient =>
  (made.dynamo ??= DynamoDBDocumentClient.from(new DynamoDBClient(), {
    marshallOptions: { removeUndefinedValues: true },
  }));
