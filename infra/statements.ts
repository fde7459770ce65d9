/** What roles are made of: statements with the actions that are used on the resources that they are used on. */
import type { Config } from '../core/config/schema.ts';
import { arnOf, ref, sub, type Value } from './cloudformation.ts';

export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: Value | readonly Value[];
  readonly Condition?: Record<string, Record<string, Value>>;
}

export const allow = (
  Action: string[],
  Resource: Statement['Resource'],
  Condition?: Statement['Condition'],
): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});

export const table = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `dynamodb:${action}`),
    arnOf('Table'),
  );
/** Finds a run by its name. */
export const runIndex = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `dynamodb:${action}`),
    sub('${Table.Arn}/index/byRun'),
  );
export const objects = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `s3:${action}`),
    sub('${Bucket.Arn}/*'),
  );
export const bucket = (...actions: string[]): Statement =>
  allow(
    actions.map((action) => `s3:${action}`),
    arnOf('Bucket'),
  );
export const publish = allow(['sns:Publish'], ref('Topic'));

/** The machines of a stage, as their executions' ARNs name them. */
type MachineName = 'backup' | 'restore-test' | '*';

/** Executions of a machine of this stage; `*`: of all. */
export const executionsOf = (machine: MachineName): Value =>
  sub(`arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:execution:holdfast-\${sls:stage}-${machine}:*`);

export const rdsArn = (type: string, name: string): Value =>
  sub(`arn:\${AWS::Partition}:rds:\${AWS::Region}:\${AWS::AccountId}:${type}:${name}`);

/** What a role needs of the bucket's own key, where it has one. */
export function bucketKey({ storage }: Config, ...actions: string[]): Statement[] {
  return storage.kmsKey === undefined ? [] : [allow(actions, storage.kmsKey)];
}

/** Reads the secrets, asks RDS for addresses, and logs in as users of IAM: whatever of these the configuration needs. */
export function loginStatements(secrets: readonly string[], iamUsers: readonly string[], hasRds: boolean): Statement[] {
  return [
    ...(secrets.length > 0
      ? [
          allow(['secretsmanager:GetSecretValue'], secrets.flatMap(secretArns)),
          // The keys of the secrets are not known here; their own policies name who may use them.
          allow(['kms:Decrypt'], '*', {
            StringEquals: { 'kms:ViaService': sub('secretsmanager.${AWS::Region}.amazonaws.com') },
          }),
        ]
      : []),
    ...(hasRds
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

/** Users that log in with a token of IAM; `*` where only a secret knows the name. */
export function iamUsersOf(
  connections: readonly { readonly auth?: string | undefined; readonly user?: string | undefined }[],
): string[] {
  return [...new Set(connections.flatMap(({ auth, user }) => (auth === 'iam' ? (user ?? '*') : [])))];
}

/**
 * Secrets Manager appends six characters to the name in the ARN. A secret that does not exist is judged by the bare
 * name: without that, "no such secret" would be answered with a refusal. Of any region, because a policy
 * is short: fifty sources with secrets of their own must fit into it. The account is this one.
 */
function secretArns(secret: string): Value[] {
  if (secret.startsWith('arn:')) return [secret];
  const arn = `arn:\${AWS::Partition}:secretsmanager:*:\${AWS::AccountId}:secret:${secret}`;
  return [sub(arn), sub(`${arn}-??????`)];
}

/** What every machine may do: call its functions and log what fails. */
export function callingStatements(functions: readonly string[]): Statement[] {
  return [
    allow(
      ['lambda:InvokeFunction'],
      functions.map((name) => arnOf(`${name}LambdaFunction`)),
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

/** Of workers, whichever machine has started them. */
const tasks = sub('arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*');

/** Finds tasks of workers, and stops them. */
export const sweepTasks: readonly Statement[] = [
  // A list knows no resource but the instances of a cluster, of which Fargate has none: its cluster is a condition.
  allow(['ecs:ListTasks'], '*', { ArnEquals: { 'ecs:cluster': arnOf('Cluster') } }),
  allow(['ecs:DescribeTasks', 'ecs:StopTask'], tasks),
];

/** How a machine runs its task: it starts and stops it, and touches no data. @param taskRole logical name */
export function taskStatements(family: string, taskRole: string): Statement[] {
  return [
    allow(
      ['ecs:RunTask', 'ecs:TagResource'],
      [
        sub(
          `arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:task-definition/holdfast-\${sls:stage}-${family}:*`,
        ),
        tasks,
      ],
    ),
    allow(['ecs:StopTask', 'ecs:DescribeTasks'], tasks),
    allow(['iam:PassRole'], [arnOf(taskRole), arnOf('WorkerExecutionRole')]),
    // How Step Functions learns that a task of runTask.sync has ended: a rule that it manages itself.
    allow(
      ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      sub('arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForECSTaskRule'),
    ),
  ];
}
