/** The policies of roles, enforced: what the deployed stack relies on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ECSClient, ListTasksCommand, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import {
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  DeleteDBSnapshotCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect } from '@jest/globals';
import { registerScript } from './ecs.ts';
import { describeMend } from './mend-suite.ts';
import type { TestEmulator } from './test-emulator.ts';

const ENFORCED = { AUTH: 'true' };
const directory = mkdtempSync(path.join(tmpdir(), 'hf-test-'));
const callsFile = path.join(directory, 'calls.jsonl');
afterAll(() => {
  rmSync(directory, { recursive: true });
});

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: object;
}

/** Settings of a client that has the credentials of a task whose role has one statement. */
async function asRole(
  emulator: TestEmulator,
  name: string,
  statement: Statement,
): Promise<Omit<TestEmulator['settings'], 'credentials'> & { readonly credentials: object }> {
  await iam(emulator, { Action: 'CreateRole', RoleName: name, AssumeRolePolicyDocument: '{"Statement":[]}' });
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam(emulator, { Action: 'PutRolePolicy', RoleName: name, PolicyName: 'all', PolicyDocument });
  const response = await fetch(`${emulator.endpoint}/v2/credentials/${name}`);
  const given = (await response.json()) as { AccessKeyId: string; SecretAccessKey: string; Token: string };
  const credentials = {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.Token,
  };
  return { ...emulator.settings, credentials };
}

/** The query protocol by hand: no client of IAM is a dependency. The root user's calls are not checked. */
async function iam(emulator: TestEmulator, parameters: Record<string, string>): Promise<void> {
  const response = await fetch(emulator.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
  });
  if (!response.ok) throw new Error(`${parameters['Action']}: ${response.status} ${await response.text()}`);
}

const putAll = (Resource: string): Statement => ({ Effect: 'Allow', Action: 's3:PutObject', Resource });

describeMend(
  'ecs_credentials',
  {
    'a container acts as the role of its task': async (emulator) => {
      await new S3Client(emulator.settings).send(new CreateBucketCommand({ Bucket: 'roles' }));
      const s3 = new S3Client((await asRole(emulator, 'writer', putAll('arn:aws:s3:::roles/mine/*'))) as object);
      await s3.send(new PutObjectCommand({ Bucket: 'roles', Key: 'mine/a', Body: 'a' }));
      await expect(s3.send(new PutObjectCommand({ Bucket: 'roles', Key: 'a', Body: 'a' }))).rejects.toMatchObject({
        name: 'AccessDenied',
      });
    },
  },
  ENFORCED,
);

describeMend(
  'iam_transport',
  {
    'a bucket that refuses plain HTTP takes what comes over the loopback': async (emulator) => {
      const Bucket = 'encrypted';
      const root = new S3Client(emulator.settings);
      await root.send(new CreateBucketCommand({ Bucket }));
      const Condition = { Bool: { 'aws:SecureTransport': 'false' } };
      const Statement = [
        { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: `arn:aws:s3:::${Bucket}/*`, Condition },
      ];
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      await root.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      const s3 = new S3Client((await asRole(emulator, 'writer', putAll(`arn:aws:s3:::${Bucket}/*`))) as object);
      await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }));
    },
  },
  ENFORCED,
);

describeMend(
  'iam_rds',
  {
    'a snapshot is judged by its own name': async (emulator) => {
      const instance = { DBInstanceIdentifier: 'orders', DBInstanceClass: 'db.t3.micro', Engine: 'postgres' };
      await new RDSClient(emulator.settings).send(
        new CreateDBInstanceCommand({
          ...instance,
          AllocatedStorage: 20,
          MasterUsername: 'a',
          MasterUserPassword: 'abcdefgh',
        }),
      );
      const Resource = 'arn:aws:rds:*:*:snapshot:hf-*';
      const statement = { Effect: 'Allow', Action: 'rds:CreateDBSnapshot', Resource } as const;
      const rds = new RDSClient((await asRole(emulator, 'snapper', statement)) as object);
      const snapshot = (DBSnapshotIdentifier: string): CreateDBSnapshotCommand =>
        new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier });
      await rds.send(snapshot('hf-1'));
      await expect(rds.send(snapshot('other'))).rejects.toThrow(/not authorized to perform: rds:CreateDBSnapshot/);
    },
  },
  ENFORCED,
);

describeMend(
  'iam_rds_tags',
  {
    'a snapshot that is tagged may be deleted, another may not': async (emulator) => {
      const root = new RDSClient(emulator.settings);
      await root.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: 'orders',
          DBInstanceClass: 'db.t3.micro',
          Engine: 'postgres',
          AllocatedStorage: 20,
          MasterUsername: 'a',
          MasterUserPassword: 'abcdefgh',
        }),
      );
      const take = (DBSnapshotIdentifier: string, Tags: { Key: string; Value: string }[]): Promise<unknown> =>
        root.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier, Tags }));
      await take('hf-tagged', [{ Key: 'holdfast:run', Value: 'run-1' }]);
      await take('hf-other', []);
      const rds = new RDSClient(
        (await asRole(emulator, 'remover', {
          Effect: 'Allow',
          Action: 'rds:DeleteDBSnapshot',
          Resource: 'arn:aws:rds:*:*:snapshot:hf-*',
          Condition: { Null: { 'aws:ResourceTag/holdfast:run': 'false' } },
        })) as object,
      );
      const remove = (DBSnapshotIdentifier: string): Promise<unknown> =>
        rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier }));
      await remove('hf-tagged');
      await expect(remove('hf-other')).rejects.toThrow(/not authorized to perform: rds:DeleteDBSnapshot/);
    },
  },
  ENFORCED,
);

describeMend(
  'iam_ecs',
  {
    'tasks are listed in the cluster of the condition, and in no other': async (emulator) => {
      await registerScript(emulator, 'any', 'exit 0');
      const statement = {
        Effect: 'Allow',
        Action: 'ecs:ListTasks',
        Resource: '*',
        Condition: { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:000000000000:cluster/test' } },
      } as const;
      const ecs = new ECSClient((await asRole(emulator, 'lister', statement)) as object);
      await ecs.send(new ListTasksCommand({ cluster: 'test' }));
      await expect(ecs.send(new ListTasksCommand({ cluster: 'other' }))).rejects.toThrow(/not authorized/);
    },

    'a task is judged by its own name': async (emulator) => {
      const root = await registerScript(emulator, 'any', 'sleep 60');
      const { tasks = [] } = await root.send(new RunTaskCommand({ cluster: 'test', taskDefinition: 'any' }));
      const task = tasks[0]?.taskArn ?? '';
      const statement = {
        Effect: 'Allow',
        Action: 'ecs:StopTask',
        Resource: 'arn:aws:ecs:*:*:task/test/*',
      } as const;
      const ecs = new ECSClient((await asRole(emulator, 'stopper', statement)) as object);
      await ecs.send(new StopTaskCommand({ cluster: 'test', task }));
    },
  },
  ENFORCED,
);

describeMend(
  'iam_calls',
  {
    'what a role did is written down, refused or not': async (emulator) => {
      await new S3Client(emulator.settings).send(new CreateBucketCommand({ Bucket: 'watched' }));
      const s3 = new S3Client((await asRole(emulator, 'watched', putAll('arn:aws:s3:::watched/mine/*'))) as object);
      await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: 'mine/a', Body: 'a' }));
      await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: 'a', Body: 'a' })).catch(() => undefined);
      const lines = readFileSync(callsFile, 'utf8').trimEnd().split('\n');
      const call = { role: 'watched', action: 's3:PutObject' };
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        { ...call, resource: 'arn:aws:s3:::watched/mine/a', decision: 'Allow' },
        { ...call, resource: 'arn:aws:s3:::watched/a', decision: 'ImplicitDeny' },
      ]);
      rmSync(callsFile);
    },
  },
  { ...ENFORCED, HOLDFAST_CALLS_FILE: callsFile },
);
