/** One role a function, each with the actions that it uses on the resources that it uses (design: least privilege). */
import type { Config } from '../core/config/schema.ts';
import { arnOf, ref, sub, type Fragment } from './cloudformation.ts';
import {
  restoreRoles,
  restoreTestRoles,
  restoreWorkerStatements,
  restoreTestWorkerStatements,
} from './restore-roles.ts';
import { serviceConfig } from './service-config.ts';
import {
  allow,
  bucket,
  bucketKey,
  callingStatements,
  executionsOf,
  iamUsersOf,
  loginStatements,
  objects,
  publish,
  rdsArn,
  runIndex,
  sweepTasks,
  table,
  taskStatements,
  type Statement,
} from './statements.ts';

const abortUploads = [bucket('ListBucketMultipartUploads'), objects('AbortMultipartUpload')];

/** An instance may turn out to belong to a cluster of any name, so clusters are not named here; snapshots are: hf-*. */
const snapshotResources = [
  rdsArn('db', '*'),
  rdsArn('cluster', '*'),
  rdsArn('snapshot', 'hf-*'),
  rdsArn('cluster-snapshot', 'hf-*'),
];

/** Keys of a run: `<source>/<yyyy>/<mm>/<dd>/<run>/…`. */
const runObjects = sub('${Bucket.Arn}/*/????/??/??/*');

/** Keys of a dump, `<run>/<database>/<attempt>/<file>`: a manifest has fewer parts, and so has the result of a restore test. */
const dumpObjects = sub('${Bucket.Arn}/*/????/??/??/*/*/*/*');

/** Listed without a name, so that they are all asked for. */
const listSnapshots = allow(
  ['rds:DescribeDBSnapshots', 'rds:DescribeDBClusterSnapshots'],
  ['db', 'cluster', 'snapshot', 'cluster-snapshot'].map((type) => rdsArn(type, '*')),
);

/** Only what this stage has tagged: others may have theirs in the same account. */
const deleteSnapshots = allow(
  ['rds:DeleteDBSnapshot', 'rds:DeleteDBClusterSnapshot'],
  [rdsArn('snapshot', 'hf-*'), rdsArn('cluster-snapshot', 'hf-*')],
  { StringEquals: { 'aws:ResourceTag/holdfast:stage': '${sls:stage}' } },
);

const describeSnapshots = allow(
  ['rds:DescribeDBSnapshots', 'rds:DescribeDBClusterSnapshots'],
  [
    // Described by identifier; RDS checks the action against the snapshot and against its instance.
    ...snapshotResources,
  ],
);

/** Of the functions that the backup machine calls. */
function backupRoles(config: Config): Record<string, Statement[]> {
  const writeManifest = [
    allow(['s3:PutObject'], sub('${Bucket.Arn}/*/manifest.json')),
    ...bucketKey(config, 'kms:GenerateDataKey', 'kms:Decrypt'),
  ];
  return {
    PlanBackup: [table('GetItem', 'PutItem'), allow(['states:DescribeExecution'], executionsOf('backup'))],
    PublishStarted: [table('GetItem'), publish],
    CreateSnapshot: [
      allow(['rds:DescribeDBInstances'], rdsArn('db', '*')),
      describeSnapshots,
      allow(['rds:CreateDBSnapshot', 'rds:CreateDBClusterSnapshot', 'rds:AddTagsToResource'], snapshotResources),
      // DescribeAccountAttributes knows no resources.
      allow(['rds:DescribeAccountAttributes'], '*'),
    ],
    CheckSnapshot: [describeSnapshots],
    CollectDump: [table('GetItem'), ...abortUploads],
    // Without list, a missing key is answered with 403 and could not be told from a missing permission.
    VerifyDump: [
      // It compares a dump with those of the runs before.
      table('GetItem', 'Query'),
      objects('GetObject', 'GetObjectVersion'),
      bucket('ListBucket', 'ListBucketVersions'),
      ...bucketKey(config, 'kms:Decrypt'),
    ],
    RecordManifest: [table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'), ...writeManifest],
    PublishSuccess: [table('GetItem', 'UpdateItem'), publish],
    RecordFailure: [table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem')],
    PublishFailure: [table('GetItem', 'UpdateItem'), publish],
  };
}

/** Of the functions that the retention machine calls. Only ApplyRetention deletes anything. */
function retentionRoles(): Record<string, Statement[]> {
  return {
    ListSources: [],
    PlanRetention: [table('Query')],
    ApplyRetention: [
      // ConditionCheckItem: a later point must be verified.
      table('GetItem', 'Query', 'UpdateItem', 'ConditionCheckItem'),
      bucket('ListBucketVersions', 'GetBucketObjectLockConfiguration'),
      allow(
        ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
        runObjects,
      ),
      // Also where no source has an instance any more: snapshots of those that had one are still kept.
      describeSnapshots,
      deleteSnapshots,
    ],
  };
}

/** Of the functions outside all machines. */
function otherRoles(): Record<string, Statement[]> {
  return {
    CheckFreshness: [table('BatchGetItem', 'UpdateItem'), publish],
    // It deletes no object.
    Sweep: [
      table('GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'),
      runIndex('Query'),
      allow(['states:DescribeExecution'], executionsOf('*')),
      ...sweepTasks,
      bucket('ListBucket', 'ListBucketVersions'),
      ...abortUploads,
      listSnapshots,
      deleteSnapshots,
      publish,
    ],
    Backstop: [
      table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
      allow(['states:DescribeExecution'], executionsOf('*')),
      ...abortUploads,
      publish,
      allow(['sqs:SendMessage'], arnOf('BackstopQueue')),
    ],
  };
}

/** The worker puts objects of dumps and aborts their uploads; it can neither read nor delete what it wrote. */
function dumpWorkerStatements(config: Config): Statement[] {
  const sources = Object.values(config.sources);
  const connections = sources.map(({ connection }) => connection);
  const secrets = [...new Set(connections.flatMap(({ secret }) => secret ?? []))];
  return [
    table('GetItem', 'UpdateItem'),
    allow(['s3:PutObject', 's3:AbortMultipartUpload'], dumpObjects),
    allow(['states:DescribeExecution'], executionsOf('backup')),
    ...bucketKey(config, 'kms:GenerateDataKey', 'kms:Decrypt'),
    ...loginStatements(
      secrets,
      iamUsersOf(connections),
      sources.some(({ rds }) => rds),
    ),
  ];
}

/** Pulls the image and writes the log, before and beside the worker. */
const executionStatements = [
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], arnOf('WorkerLogs')),
  // A token for the registry knows no resource.
  allow(['ecr:GetAuthorizationToken'], '*'),
  allow(
    ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
    sub('arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/holdfast-worker'),
  ),
];

/** Every role of the stack, as a CloudFormation fragment. */
export function roles(): Fragment {
  const config = serviceConfig();
  const backup = backupRoles(config);
  const retention = retentionRoles();
  const restore = restoreRoles(config);
  const restoreTest = restoreTestRoles(config);
  const functions = { ...backup, ...retention, ...restore, ...restoreTest, ...otherRoles() };
  const ofFunctions = Object.entries(functions).map(
    ([name, statements]) => [`${name}Role`, role('lambda.amazonaws.com', [logsOf(name), ...statements], name)] as const,
  );
  /** What every machine of the three that run a worker calls at its beginning and at its end. */
  const shared = ['PublishStarted', 'PublishSuccess', 'RecordFailure', 'PublishFailure'];
  return {
    Resources: {
      ...Object.fromEntries(ofFunctions),
      ...workerRoles(config),
      BackupMachineRole: machineRole('BackupMachine', [
        ...callingStatements(Object.keys(backup)),
        ...taskStatements('worker', 'WorkerRole'),
      ]),
      RestoreMachineRole: machineRole('RestoreMachine', [
        ...callingStatements([...Object.keys(restore), ...shared]),
        ...taskStatements('restore', 'RestoreWorkerRole'),
      ]),
      RestoreTestMachineRole: machineRole('RestoreTestMachine', [
        ...callingStatements([...Object.keys(restoreTest), ...shared]),
        ...taskStatements('restore-test', 'RestoreTestWorkerRole'),
      ]),
      RetentionMachineRole: machineRole('RetentionMachine', callingStatements(Object.keys(retention))),
      ScheduleRole: role(
        'scheduler.amazonaws.com',
        [
          allow(['states:StartExecution'], [ref('BackupMachine'), ref('RestoreTestMachine'), ref('RetentionMachine')]),
          allow(['lambda:InvokeFunction'], [arnOf('CheckFreshnessLambdaFunction'), arnOf('SweepLambdaFunction')]),
          allow(['sqs:SendMessage'], arnOf('ScheduleQueue')),
        ],
        'Schedule',
      ),
    },
  };
}

function workerRoles(config: Config): Record<string, unknown> {
  const workerRole = (name: string, statements: readonly Statement[]): unknown =>
    role('ecs-tasks.amazonaws.com', statements, name);
  return {
    WorkerRole: workerRole('Worker', dumpWorkerStatements(config)),
    RestoreWorkerRole: workerRole('RestoreWorker', restoreWorkerStatements(config)),
    RestoreTestWorkerRole: workerRole('RestoreTestWorker', restoreTestWorkerStatements(config)),
    WorkerExecutionRole: workerRole('WorkerExecution', executionStatements),
  };
}

const machineRole = (name: string, statements: readonly Statement[]): unknown =>
  role('states.amazonaws.com', statements, name);

function role(service: string, statements: readonly Statement[], policyName: string): unknown {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: policyName, PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  };
}

function logsOf(name: string): Statement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], arnOf(`${name}LogGroup`));
}
