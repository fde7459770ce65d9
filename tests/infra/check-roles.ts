import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { manifestKey, objectKey, restoreTestResultKey } from '../../core/keys.ts';
import type { Template } from '../../infra/limits.ts';
import { arnOf, KMS_KEY, resourcesOf } from './packaged-service.ts';
import { permissionsOf } from './policies.ts';

const CHECKOUT = join(import.meta.dirname, '../..');

/** Each machine with the definition that it runs. */
const MACHINES = [
  ['BackupMachine', 'backup'],
  ['RestoreMachine', 'restore'],
  ['RestoreTestMachine', 'restore-test'],
  ['RetentionMachine', 'retention'],
] as const;

const LOG_DELIVERY = [
  'CreateLogDelivery',
  'GetLogDelivery',
  'UpdateLogDelivery',
  'DeleteLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'DescribeResourcePolicies',
  'DescribeLogGroups',
];

/** Where AWS knows no resource for an action, and why. Anything else that names `*` fails. */
const ANY_RESOURCE: Readonly<Record<string, string>> = {
  'CreateSnapshot rds:DescribeAccountAttributes': 'quotas belong to the account',
  'Sweep ecs:ListTasks': 'a list of tasks on Fargate knows no resource; its cluster is a condition',
  'WorkerExecution ecr:GetAuthorizationToken': 'a token is for the whole registry',
  'RestoreWorker kms:Decrypt': 'keys of secrets are not known here; only through Secrets Manager',
  'Worker kms:Decrypt': 'keys of secrets are not known here; only through Secrets Manager',
  ...Object.fromEntries(
    MACHINES.flatMap(([machine]) =>
      LOG_DELIVERY.map((action) => [`${machine} logs:${action}`, 'delivery of logs knows no resources']),
    ),
  ),
};

/** Who reads dumps. */
const READERS = [
  'CheckThaw',
  'PlanRestore',
  'PlanRestoreTest',
  'RestoreTestWorker',
  'RestoreWorker',
  'ThawObjects',
  'VerifyDump',
];

/** The machines that run a worker. */
const WORKING = ['BackupMachine', 'RestoreMachine', 'RestoreTestMachine'];

/** Who may do what matters: exactly these roles, nobody else. */
const ONLY: readonly (readonly [pattern: RegExp, roles: readonly string[]])[] = [
  [/^s3:PutObject$/, ['CollectRestoreTest', 'RecordManifest', 'Worker']],
  [/^s3:GetObjectVersion$/, READERS],
  [/^s3:GetObject$/, ['VerifyDump']],
  [/^s3:ListBucket$/, [...READERS, 'Sweep'].sort()],
  [/^s3:ListBucketVersions$/, ['ApplyRetention', ...READERS, 'Sweep'].sort()],
  [/^s3:AbortMultipartUpload$/, ['Backstop', 'CollectDump', 'Sweep', 'Worker']],
  [/^s3:Delete/, ['ApplyRetention']],
  [/^s3:(PutBucket|PutObject.|Bypass|Replicate)/, []],
  [/^s3:Restore/, ['ThawObjects']],
  [/^dynamodb:(Delete|BatchWrite)/, ['Backstop', 'RecordFailure', 'RecordManifest', 'Sweep']],
  [
    /^dynamodb:PutItem$/,
    ['Backstop', 'PlanBackup', 'PlanRestore', 'PlanRestoreTest', 'RecordFailure', 'RecordManifest', 'Sweep'],
  ],
  [
    /^dynamodb:UpdateItem$/,
    [
      'ApplyRetention',
      'Backstop',
      'CheckFreshness',
      'CollectRestore',
      'CollectRestoreTest',
      'PlanRestore',
      'PlanRestoreTest',
      'PublishFailure',
      'PublishSuccess',
      'RecordFailure',
      'RecordManifest',
      'RestoreTestWorker',
      'RestoreWorker',
      'Sweep',
      'Worker',
    ],
  ],
  [/^dynamodb:(Scan|.*Table|.*Policy)/, []],
  [/^rds:(Create|Add)/, ['CreateSnapshot']],
  [/^rds:Delete/, ['ApplyRetention', 'Sweep']],
  [/^rds:(Modify|Restore|Stop|Reboot|Remove)/, []],
  [/^secretsmanager:GetSecretValue$/, ['RestoreWorker', 'Worker']],
  [/^rds-db:connect$/, ['RestoreWorker', 'Worker']],
  [/^sns:Publish$/, ['Backstop', 'CheckFreshness', 'PublishFailure', 'PublishStarted', 'PublishSuccess', 'Sweep']],
  [/^states:StartExecution$/, ['Schedule']],
  [/^lambda:/, [...MACHINES.map(([machine]) => machine), 'Schedule']],
  [/^ecs:(RunTask|TagResource)$/, WORKING],
  [/^ecs:(DescribeTasks|StopTask)$/, [...WORKING, 'Sweep']],
  [/^ecs:(List|Execute|Update|Register|Delete)/, ['Sweep']],
  [/^iam:/, WORKING],
];

/** What a resource of a policy matches: `*` any text, `?` any character. */
function globOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

export function checkRoles(template: () => Template): void {
  const whoMay = (pattern: RegExp): string[] => {
    const allowed = permissionsOf(template()).filter(({ action }) => pattern.test(action));
    return [...new Set(allowed.map(({ role }) => role))].sort();
  };
  const resourcesFor = (role: string, pattern: RegExp): string[] => {
    const allowed = permissionsOf(template()).filter((entry) => entry.role === role && pattern.test(entry.action));
    return [...new Set(allowed.map(({ resource }) => resource))];
  };

  describe('the roles', () => {
    it('only allow, and name every action in full', () => {
      const actions = permissionsOf(template()).map(({ action }) => action);
      expect(actions.length).toBeGreaterThan(50);
      for (const action of actions) expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
    });

    it('name any resource only where AWS knows none, each with its reason', () => {
      const found = permissionsOf(template()).filter(({ resource }) => resource === '*');
      expect(found.map(({ role, action }) => `${role} ${action}`).sort()).toEqual(Object.keys(ANY_RESOURCE).sort());
    });

    it('are one for each function, and assumed by Lambda alone', () => {
      for (const [name, { Properties = {} }] of resourcesOf(template(), 'AWS::Lambda::Function')) {
        const role = `${name.replace(/LambdaFunction$/, '')}Role`;
        expect(Properties['Role']).toEqual(arnOf(role));
        expect(template().Resources[role]?.Properties?.['AssumeRolePolicyDocument']).toMatchObject({
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        });
      }
    });

    it('have nothing attached that somebody else writes', () => {
      for (const [, { Properties = {} }] of resourcesOf(template(), 'AWS::IAM::Role')) {
        expect(Properties).not.toHaveProperty('ManagedPolicyArns');
      }
    });

    it('are each in the threat model, and no others', () => {
      const page = readFileSync(join(CHECKOUT, 'docs/threat-model.md'), 'utf8');
      const [, credentials = ''] = /^## By credential$([^]*?)^## /m.exec(page) ?? [];
      const named = [...credentials.matchAll(/^\| ([^|]+) \|/gm)].flatMap(
        ([, who = '']) => who.match(/\b[A-Z]\w+\b/g) ?? [],
      );
      const roles = resourcesOf(template(), 'AWS::IAM::Role').map(([name]) => name.replace(/Role$/, ''));
      expect(named.sort()).toEqual(roles.sort());
    });

    it.each(ONLY)('of %s are %j', (pattern, roles) => {
      expect(whoMay(pattern)).toEqual(roles);
    });
  });

  describe('the verifier', () => {
    it('can write nothing but its log', () => {
      const actions = permissionsOf(template()).filter(({ role }) => role === 'VerifyDump');
      const writing = actions.filter(({ action }) => !/:(Get|List|Describe|Query|Decrypt)/.test(action));
      expect(writing.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
        'logs:CreateLogStream VerifyDumpLogGroup.Arn',
        'logs:PutLogEvents VerifyDumpLogGroup.Arn',
      ]);
    });
  });

  describe('the worker', () => {
    it('reads only the secrets that the configuration names', () => {
      expect(resourcesFor('Worker', /^secretsmanager:/)).toEqual([
        'arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:prod/a',
        'arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:prod/a-??????',
        'arn:aws:secretsmanager:eu-west-1:123456789012:secret:c-AbCdEf',
      ]);
    });

    it('puts objects of dumps, and nothing that says that a dump is verified or was tested', () => {
      const run = { source: 'a-b', run: 'r.1', startedAt: '2026-11-18T02:30:00.000Z' };
      const [pattern = '', ...others] = resourcesFor('Worker', /^s3:/);
      expect(others).toEqual([]);
      const isAllowed = (key: string): boolean => globOf(pattern.replace('${Bucket.Arn}/', '')).test(key);
      expect(isAllowed(objectKey(run, 'a/b', 1, 'archive.dump'))).toBe(true);
      expect([manifestKey(run), restoreTestResultKey(run, 't'), 'a-b/x'].map(isAllowed)).toEqual([false, false, false]);
    });

    it('logs into databases only as the users that the configuration names', () => {
      expect(resourcesFor('Worker', /^rds-db:/)).toEqual([expect.stringMatching(/:dbuser:\*\/holdfast$/)]);
    });

    it('may use keys only for the bucket and through Secrets Manager', () => {
      expect(resourcesFor('Worker', /^kms:/).sort()).toEqual(['*', KMS_KEY].sort());
      const role = JSON.stringify(template().Resources['WorkerRole']);
      expect(role).toContain(
        '"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":{"Fn::Sub":"secretsmanager.${AWS::Region}.amazonaws.com"}}}',
      );
    });
  });

  describe('the worker of restores', () => {
    it('reads the secrets of restore targets and of sources, and no others', () => {
      const secrets = resourcesFor('RestoreWorker', /^secretsmanager:/).map((arn) => arn.replace(/^.*:secret:/, ''));
      expect(secrets).toEqual(['staging/restore', 'staging/restore-??????', 'prod/a', 'prod/a-??????', 'c-AbCdEf']);
    });

    it.each(['RestoreWorker', 'RestoreTestWorker'])('%s writes to nothing but its row', (worker) => {
      const actions = permissionsOf(template()).filter(({ role }) => role === worker);
      const writing = actions.filter(({ action }) => !/:(Get|List|Describe|Decrypt|connect)/.test(action));
      expect(writing.map(({ action, resource }) => `${action} ${resource}`)).toEqual(['dynamodb:UpdateItem Table.Arn']);
    });

    it('of a restore test logs in nowhere', () => {
      expect(resourcesFor('RestoreTestWorker', /^(secretsmanager|rds|rds-db):/)).toEqual([]);
    });
  });

  describe('the recorder of restore tests', () => {
    it('can put nothing but their results', () => {
      expect(resourcesFor('CollectRestoreTest', /^s3:/)).toEqual(['${Bucket.Arn}/*/restore-test-*.json']);
    });
  });

  describe('the writer of the manifest', () => {
    it('can put nothing but manifests', () => {
      expect(resourcesFor('RecordManifest', /^s3:/)).toEqual(['${Bucket.Arn}/*/manifest.json']);
    });
  });

  describe('the sweep', () => {
    it('lists and stops only tasks of its own cluster', () => {
      expect(JSON.stringify(template().Resources['SweepRole'])).toContain(
        '"Action":["ecs:ListTasks"],"Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":{"Fn::GetAtt":["Cluster","Arn"]}}}',
      );
      expect(resourcesFor('Sweep', /^ecs:StopTask$/)).toEqual([expect.stringMatching(/:task\/\$\{Cluster\}\/\*$/)]);
    });
  });

  describe('what deletes', () => {
    it('deletes only objects of runs, and snapshots that its stage has tagged', () => {
      expect(resourcesFor('ApplyRetention', /^s3:Delete/)).toEqual(['${Bucket.Arn}/*/????/??/??/*']);
      expect(resourcesFor('ApplyRetention', /^rds:Delete/)).toEqual([
        expect.stringMatching(/:snapshot:hf-\*$/),
        expect.stringMatching(/:cluster-snapshot:hf-\*$/),
      ]);
      expect(JSON.stringify(template().Resources['ApplyRetentionRole'])).toContain(
        '"Condition":{"StringEquals":{"aws:ResourceTag/holdfast:stage":"local"}}',
      );
    });

    it('may not shorten a lock', () => {
      const actions = permissionsOf(template()).map(({ action }) => action);
      expect(actions.filter((action) => /Bypass|PutObjectRetention|PutObjectLegalHold|PutBucket/.test(action))).toEqual(
        [],
      );
    });
  });

  describe('the machine', () => {
    it.each(MACHINES)('%s calls exactly the functions of its states', (machine, file) => {
      const text = readFileSync(join(CHECKOUT, `statemachine/${file}.asl.json`), 'utf8');
      const called = [...text.matchAll(/"FunctionName": "\$\{(\w+)Arn\}"/g)].map(
        ([, name]) => `${name}LambdaFunction.Arn`,
      );
      expect(resourcesFor(machine, /^lambda:InvokeFunction$/).sort()).toEqual(called.sort());
    });

    it.each([
      ['BackupMachine', 'WorkerRole.Arn', 'holdfast-${sls:stage}-worker:*'],
      ['RestoreMachine', 'RestoreWorkerRole.Arn', 'holdfast-${sls:stage}-restore:*'],
      ['RestoreTestMachine', 'RestoreTestWorkerRole.Arn', 'holdfast-${sls:stage}-restore-test:*'],
    ])('%s runs only its own task, under the roles of its own worker', (machine, role, family) => {
      expect(resourcesFor(machine, /^iam:PassRole$/)).toEqual([role, 'WorkerExecutionRole.Arn']);
      const [definition, ...others] = resourcesFor(machine, /^ecs:RunTask$/).filter((arn) => arn.includes('task-def'));
      expect(definition).toContain(`:task-definition/${family.replace('${sls:stage}', 'local')}`);
      expect(others).toEqual([]);
    });
  });
}
