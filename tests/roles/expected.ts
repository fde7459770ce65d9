/** What the comparison of roles with their calls does not expect to see, each with its reason. */

/** `<role> <action>` that a test wants refused. */
export const REFUSALS: ReadonlySet<string> = new Set(
  // tests/e2e/cli/keeping.test.ts tries them with the worker's own credentials.
  [
    'GetObjectVersion',
    'DeleteObject',
    'DeleteObjectVersion',
    'PutObjectRetention',
    'PutObjectLegalHold',
    'PutBucketObjectLockConfiguration',
    'PutBucketVersioning',
    'PutLifecycleConfiguration',
  ].map((action) => `Worker s3:${action}`),
);

const BY_LAMBDA = 'the Lambda service writes the log; the emulator does it by itself';
const BY_LAMBDA_DESTINATION = 'the Lambda service sends the event that a function failed to handle';
const BY_STATES = 'Step Functions does it for the machine; the emulator does not ask its role';
const BY_ECS = 'the agent of ECS does it before the worker runs; the emulator does not ask its role';
const BY_SCHEDULER = 'EventBridge Scheduler does it; the emulator does not ask its role';
const WITH_TAGS = 'AWS asks for it when a snapshot is made with tags; the emulator does not';
const NOT_FOUND = 'without it S3 answers 403 instead of 404 for what is missing; the emulator does not ask';
const ENCRYPTED = 'needs a key of its own, which no end-to-end test configures';

const NOT_LOCKED =
  'the emulator makes no bucket with Object Lock from a template; tests/statemachine/keeping/locks.ts does';
const NO_CLUSTER = 'retention is tested with an instance; of a cluster the calls have other names';

const AT_RDS = 'the secret of a target says where it is; the demo asks RDS';
const AT_LOGIN = 'the database asks for it at a login with IAM; a PostgreSQL outside of RDS does not';

/** What a machine does that runs a worker. */
const RUNNING_A_TASK = [
  'lambda:InvokeFunction',
  'ecs:RunTask',
  'ecs:TagResource',
  'ecs:StopTask',
  'ecs:DescribeTasks',
  'iam:PassRole',
  'events:PutTargets',
  'events:PutRule',
  'events:DescribeRule',
];

const reasonFor = (
  roles: readonly string[],
  actions: readonly string[],
  reason: string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(roles.flatMap((role) => actions.map((action) => [`${role} ${action}`, reason])));

/** `<role> <action>`, `*` for any role, of what is allowed and not used in the tests. */
export const UNUSED: Readonly<Record<string, string>> = {
  '* logs:CreateLogStream': BY_LAMBDA,
  '* logs:PutLogEvents': BY_LAMBDA,
  '* kms:Decrypt': ENCRYPTED,
  '* kms:GenerateDataKey': ENCRYPTED,
  'RetentionMachine lambda:InvokeFunction': BY_STATES,
  ...reasonFor(['BackupMachine', 'RestoreMachine', 'RestoreTestMachine'], RUNNING_A_TASK, BY_STATES),
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
  ...reasonFor(
    ['VerifyDump', 'PlanRestore', 'PlanRestoreTest', 'ThawObjects', 'CheckThaw', 'RestoreWorker', 'RestoreTestWorker'],
    ['s3:ListBucket', 's3:ListBucketVersions'],
    NOT_FOUND,
  ),
  'RestoreWorker rds:DescribeDBInstances': AT_RDS,
  'RestoreWorker rds:DescribeDBClusters': AT_RDS,
  'RestoreWorker rds-db:connect': AT_LOGIN,
  'Backstop dynamodb:PutItem': 'for a run whose PlanBackup never ran, which no test makes in the deployed machine',
  'Backstop sqs:SendMessage': BY_LAMBDA_DESTINATION,
  'Worker rds-db:connect': AT_LOGIN,
  'ApplyRetention s3:GetObjectRetention': NOT_LOCKED,
  'ApplyRetention s3:GetObjectLegalHold': NOT_LOCKED,
  'ApplyRetention rds:DeleteDBClusterSnapshot': NO_CLUSTER,
  'ApplyRetention rds:DescribeDBClusterSnapshots': NO_CLUSTER,
  'Sweep rds:DeleteDBClusterSnapshot': NO_CLUSTER,
  'Sweep s3:AbortMultipartUpload': 'an upload that is older than a run can be takes a day to make',
  'Schedule lambda:InvokeFunction': BY_SCHEDULER,
  'Schedule states:StartExecution': BY_SCHEDULER,
  'Schedule sqs:SendMessage': BY_SCHEDULER,
};
