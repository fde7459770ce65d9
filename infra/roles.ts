/** One role a function, each with the actions that it uses on the resources that it uses (design: least privilege). */
import type { Config } from '../core/config/schema.ts';
import { arnOf, ref, sub, type Fragment, type Value } from './cloudformation.ts';
import { serviceConfig } from './service-config.ts';

export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: Value | readonly Value[];
  readonly Condition?: Record<string, Record<string, Value>>;
}

const allow = (Action: string[], Resource: Statement['Resource'], Condition?: Statement['Condition']): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});

const table = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `dynamodb:${action}`),
    arnOf('Table'),
  );
const objects = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `s3:${action}`),
    sub('${Bucket.Arn}/*'),
  );
const bucket = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `s3:${action}`),
    arnOf('Bucket'),
  );
const publish = allow(['sns:Publish'], ref('Topic'));
const abortUploads = [bucket('ListBucketMultipartUploads'), objects('AbortMultipartUpload')];

const rdsArn = (type: string, name: string): Value =>
  sub(`arn:\${AWS::Partition}:rds:\${AWS::Region}:\${AWS::AccountId}:${type}:${name}`);
const executions = sub(
  'arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:holdfast-${sls:stage}-backup:*',
);

/** An instance may turn out to belong to a cluster of any name, so clusters are not named here; snapshots are: hf-*. */
const snapshotResources = [
  rdsArn('db', '*'),
  rdsArn('cluster', '*'),
  rdsArn('snapshot', 'hf-*'),
  rdsArn('cluster-snapshot', 'hf-*'),
];

/** Keys of a run: `<source>/<yyyy>/<mm>/<dd>/<run>/…`. */
const runObjects = sub('${Bucket.Arn}/*/????/??/??/*');

/** Executions of all machines of this stage: one may restore from a point. */
const anyExecution = sub(
  'arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:holdfast-${sls:stage}-*:*',
);

/** Only what Holdfast has tagged. */
const deleteSnapshots = allow(
  ['rds:DeleteDBSnapshot', 'rds:DeleteDBClusterSnapshot'],
  [rdsArn('snapshot', 'hf-*'), rdsArn('cluster-snapshot', 'hf-*')],
  { Null: { 'aws:ResourceTag/holdfast:run': 'false' } },
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
    PlanBackup: [table('GetItem', 'PutItem'), allow(['states:DescribeExecution'], executions)],
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
function retentionRoles(config: Config): Record<string, Statement[]> {
  const hasRds = Object.values(config.sources).some(({ rds }) => rds);
  return {
    ListSources: [],
    PlanRetention: [table('Query')],
    ApplyRetention: [
      // ConditionCheckItem: a later point must be verified.
      table('GetItem', 'UpdateItem', 'ConditionCheckItem'),
      allow(['states:DescribeExecution'], anyExecution),
      bucket('ListBucketVersions'),
      allow(
        ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
        runObjects,
      ),
      ...(hasRds ? [describeSnapshots, deleteSnapshots] : []),
    ],
  };
}

/** Of the functions outside all machines. */
function otherRoles(): Record<string, Statement[]> {
  return {
    Backstop: [
      table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
      allow(['states:DescribeExecution'], executions),
      ...abortUploads,
      publish,
      allow(['sqs:SendMessage'], arnOf('BackstopQueue')),
    ],
  };
}

/** The worker puts objects and aborts its uploads; it can neither read nor delete what it wrote. */
function workerStatements(config: Config): Statement[] {
  const sources = Object.values(config.sources);
  const secrets = [...new Set(sources.flatMap(({ connection }) => connection.secret ?? []))];
  const iamUsers = [
    ...new Set(sources.flatMap(({ connection }) => (connection.auth === 'iam' ? (connection.user ?? '*') : []))),
  ];
  return [
    table('GetItem', 'UpdateItem'),
    objects('PutObject', 'AbortMultipartUpload'),
    allow(['states:DescribeExecution'], executions),
    ...bucketKey(config, 'kms:GenerateDataKey', 'kms:Decrypt'),
    ...(secrets.length > 0
      ? [
          allow(['secretsmanager:GetSecretValue'], secrets.flatMap(secretArns)),
          // The keys of the secrets are not known here; their own policies name who may use them.
          allow(['kms:Decrypt'], '*', {
            StringEquals: { 'kms:ViaService': sub('secretsmanager.${AWS::Region}.amazonaws.com') },
          }),
        ]
      : []),
    ...(sources.some(({ rds }) => rds)
      ? [allow(['rds:DescribeDBInstances', 'rds:DescribeDBClusters'], [rdsArn('db', '*'), rdsArn('cluster', '*')])]
      : []),
    ...(iamUsers.length > 0
      ? [
          allow(
            ['rds-db:connect'],
            iamUsers.map((user) =>
              sub(`arn:\${AWS::Partition}:rds-db:\${AWS::Region}:\${AWS::AccountId}:dbuser:*/${user}`),
            ),
          ),
        ]
      : []),
  ];
}

/**
 * Secrets Manager appends six characters to the name in the ARN. A secret that does not exist is judged by the bare
 * name: without that, "no such secret" would be answered with a refusal.
 */
function secretArns(secret: string): Value[] {
  if (secret.startsWith('arn:')) return [secret];
  const arn = `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secret}`;
  return [sub(arn), sub(`${arn}-??????`)];
}

function bucketKey({ storage }: Config, ...actions: string[]): Statement[] {
  return storage.kmsKey === undefined ? [] : [allow(actions, storage.kmsKey)];
}

/** What every machine may do: call its functions and log what fails. */
function callingStatements(functions: Record<string, unknown>): Statement[] {
  return [
    allow(
      ['lambda:InvokeFunction'],
      Object.keys(functions).map((name) => arnOf(`${name}LambdaFunction`)),
    ),
    // Delivery of logs knows no resources (Step Functions developer guide, "Logging using CloudWatch Logs").
    allow(
      [
        'logs:CreateLogDelivery',
        'logs:GetLogDelivery',
        'logs:UpdateLogDelivery',
        'logs:DeleteLogDelivery',
        'logs:ListLogDeliveries',
        'logs:PutResourcePolicy',
        'logs:DescribeResourcePolicies',
        'logs:DescribeLogGroups',
      ],
      '*',
    ),
  ];
}

/** The machine starts tasks and calls functions; it touches no data. */
function backupMachineStatements(functions: Record<string, unknown>): Statement[] {
  return [
    ...callingStatements(functions),
    allow(
      ['ecs:RunTask', 'ecs:TagResource'],
      [
        sub(
          'arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/holdfast-${sls:stage}-worker:*',
        ),
        sub('arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*'),
      ],
    ),
    allow(
      ['ecs:StopTask', 'ecs:DescribeTasks'],
      sub('arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*'),
    ),
    allow(['iam:PassRole'], [arnOf('WorkerRole'), arnOf('WorkerExecutionRole')]),
    // How Step Functions learns that a task of runTask.sync has ended: a rule that it manages itself.
    allow(
      ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      sub('arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForECSTaskRule'),
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

/** Every role of the stack, as a CloudFormation fragment. */
export function roles(): Fragment {
  const config = serviceConfig();
  const [backup, retention] = [backupRoles(config), retentionRoles(config)];
  const lambdaRoles = Object.entries({ ...backup, ...retention, ...otherRoles() }).map(
    ([name, statements]) => [`${name}Role`, role('lambda.amazonaws.com', [logsOf(name), ...statements], name)] as const,
  );
  return {
    Resources: {
      ...Object.fromEntries(lambdaRoles),
      WorkerRole: role('ecs-tasks.amazonaws.com', workerStatements(config), 'Worker'),
      WorkerExecutionRole: role('ecs-tasks.amazonaws.com', executionStatements, 'WorkerExecution'),
      BackupMachineRole: role('states.amazonaws.com', backupMachineStatements(backup), 'BackupMachine'),
      RetentionMachineRole: role('states.amazonaws.com', callingStatements(retention), 'RetentionMachine'),
      ScheduleRole: role(
        'scheduler.amazonaws.com',
        [
          allow(['states:StartExecution'], [ref('BackupMachine'), ref('RetentionMachine')]),
          allow(['sqs:SendMessage'], arnOf('ScheduleQueue')),
        ],
        'Schedule',
      ),
    },
  };
}
