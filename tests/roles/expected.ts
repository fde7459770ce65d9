/** What the comparison of roles with their calls does not expect to see, each with its reason. */

/** `<role> <action>` that a test wants refused. */
export const REFUSALS: ReadonlySet<string> = new Set([]);

const BY_LAMBDA = 'the Lambda service writes the log; the emulator does it by itself';
const BY_LAMBDA_DESTINATION = 'the Lambda service sends the event that a function failed to handle';
const BY_STATES = 'Step Functions does it for the machine; the emulator does not ask its role';
const BY_ECS = 'the agent of ECS does it before the worker runs; the emulator does not ask its role';
const BY_SCHEDULER = 'EventBridge Scheduler does it; the emulator does not ask its role';
const WITH_TAGS = 'AWS asks for it when a snapshot is made with tags; the emulator does not';
const NOT_FOUND = 'without it S3 answers 403 instead of 404 for what is missing; the emulator does not ask';
const ENCRYPTED = 'needs a key of its own, which no end-to-end test configures';

const NOT_LOCKED =
  'the emulator makes no bucket with Object Lock from a template; tests/statemachine/retention.test.ts does';
const NO_CLUSTER = 'retention is tested with an instance; of a cluster the calls have other names';

/** `<role> <action>`, `*` for any role, of what is allowed and not used in the tests. */
export const UNUSED: Readonly<Record<string, string>> = {
  '* logs:CreateLogStream': BY_LAMBDA,
  '* logs:PutLogEvents': BY_LAMBDA,
  '* kms:Decrypt': ENCRYPTED,
  '* kms:GenerateDataKey': ENCRYPTED,
  'BackupMachine lambda:InvokeFunction': BY_STATES,
  'RetentionMachine lambda:InvokeFunction': BY_STATES,
  'BackupMachine ecs:RunTask': BY_STATES,
  'BackupMachine ecs:TagResource': BY_STATES,
  'BackupMachine ecs:StopTask': BY_STATES,
  'BackupMachine ecs:DescribeTasks': BY_STATES,
  'BackupMachine iam:PassRole': BY_STATES,
  'BackupMachine events:PutTargets': BY_STATES,
  'BackupMachine events:PutRule': BY_STATES,
  'BackupMachine events:DescribeRule': BY_STATES,
  '* logs:CreateLogDelivery': BY_STATES,
  '* logs:GetLogDelivery': BY_STATES,
  '* logs:UpdateLogDelivery': BY_STATES,
  '* logs:DeleteLogDelivery': BY_STATES,
  '* logs:ListLogDeliveries': BY_STATES,
  '* logs:PutResourcePolicy': BY_STATES,
  '* logs:DescribeResourcePolicies': BY_STATES,
  '* logs:DescribeLogGroups': BY_STATES,
  '* ecr:GetAuthorizationToken': BY_ECS,
  '* ecr:BatchCheckLayerAvailability': BY_ECS,
  '* ecr:GetDownloadUrlForLayer': BY_ECS,
  '* ecr:BatchGetImage': BY_ECS,
  'CreateSnapshot rds:AddTagsToResource': WITH_TAGS,
  'CheckSnapshot rds:DescribeDBClusterSnapshots': 'a snapshot of a cluster is available at once in the tests',
  'VerifyDump s3:ListBucket': NOT_FOUND,
  'VerifyDump s3:ListBucketVersions': NOT_FOUND,
  'Backstop dynamodb:PutItem': 'for a run whose PlanBackup never ran, which no test makes in the deployed machine',
  'Backstop sqs:SendMessage': BY_LAMBDA_DESTINATION,
  'Worker rds-db:connect': 'the database asks for it at a login with IAM; a PostgreSQL outside of RDS does not',
  'ApplyRetention s3:GetObjectRetention': NOT_LOCKED,
  'ApplyRetention s3:GetObjectLegalHold': NOT_LOCKED,
  'ApplyRetention states:DescribeExecution': 'no restore goes on when a point is removed in the tests of the stack',
  'ApplyRetention rds:DeleteDBClusterSnapshot': NO_CLUSTER,
  'ApplyRetention rds:DescribeDBClusterSnapshots': NO_CLUSTER,
  'Sweep rds:DeleteDBClusterSnapshot': NO_CLUSTER,
  'Sweep dynamodb:UpdateItem': 'for a dead run that has a row; the test of the stack makes one without',
  'Sweep s3:AbortMultipartUpload': 'an upload that is older than a run can be takes a day to make',
  'Schedule lambda:InvokeFunction': BY_SCHEDULER,
  'Schedule states:StartExecution': BY_SCHEDULER,
  'Schedule sqs:SendMessage': BY_SCHEDULER,
};
