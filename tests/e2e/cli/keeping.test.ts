/** What stays and what goes, as a person sees it: a dump that lost its rows, a hold, and the retention machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListClustersCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { CreateDBSnapshotCommand, DescribeDBSnapshotsCommand } from '@aws-sdk/client-rds';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { snapshotIdentifier } from '../../../core/keys.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { eventually } from '../local/mend-suite.ts';
import { startMailbox, type Mailbox } from '../support/machine-mailbox.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import { holdfast, holdfastJson } from './holdfast.ts';

const CONFIG = `sources:
  shop:
    rds: { instance: shop-prod, snapshot: { keepLast: 1 } }
    connection: { secret: test/shop, database: shop, sslMode: disable }
    alarmAfter: 26h
    retention: { keepLast: 1 }
  idle: { connection: { secret: test/idle }, alarmAfter: 1s }
`;

/** The first start on a machine installs the toolchain. */
jest.setTimeout(240_000);

const keep = stopAfterTests();
let stack: TestStack;
let server: PostgresServer;
let mailbox: Mailbox;
beforeAll(async () => {
  [stack, server] = await Promise.all([
    keep(startTestStack({ config: CONFIG })),
    keep(startPostgres({ major: 17, password: 'p@ss' })),
  ]);
  mailbox = await keep(Promise.resolve(startMailbox(stack)));
  await query(server, 'postgres', 'CREATE DATABASE shop');
  await query(server, 'shop', 'CREATE TABLE item AS SELECT n, md5(n::text) FROM generate_series(1, 2000) n');
  await stack.registerDatabase(server, { secret: 'test/shop', rds: { instance: 'shop-prod' } });
});

interface Backup {
  readonly code: number | null;
  readonly run: string;
  readonly verdict: string;
  readonly message: string;
}

async function backup(): Promise<Backup> {
  const { code, document } = await holdfastJson(stack.env, 'backup', 'shop', '--wait');
  const { run, verdict, error } = document as { run: string; verdict: string; error?: { message: string } };
  return { code, run, verdict, message: error?.message ?? '' };
}

async function keysOf(run: string): Promise<string[]> {
  const { Versions = [] } = await stack.clients.s3.send(new ListObjectVersionsCommand({ Bucket: stack.info.bucket }));
  return Versions.map(({ Key = '' }) => Key).filter((key) => key.includes(`/${run}/`));
}

async function resultOf(run: string): Promise<string> {
  const { stdout } = await holdfast(stack.env, 'list');
  return stdout.split('\n').find((line) => line.includes(run)) ?? 'not listed';
}

describe('a source over some nights', () => {
  let first: Backup;
  let suspect: Backup;
  let last: Backup;

  test('fails with Suspect when a table has lost its rows', async () => {
    first = await backup();
    expect(first).toMatchObject({ code: 0, verdict: 'verified' });
    await query(server, 'shop', 'TRUNCATE item');
    suspect = await backup();
    expect(suspect).toMatchObject({
      code: 23,
      verdict: 'suspect',
      message: expect.stringMatching(/^database shop: .*1 table lost all rows: public\.item \(had 2,000 rows\)$/),
    });
  });

  test('shows in a dry run that nothing goes for a suspect point', async () => {
    const { code, stdout } = await holdfast(stack.env, 'prune', 'shop', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shop: 2 points, 0 to remove\n/);
    expect(stdout).toMatch(new RegExp(`${first.run} +verified +stays .*newest verified`));
    expect(stdout).toMatch(new RegExp(`${suspect.run} +suspect +stays .*no later point is verified`));
  });

  test('counts the suspect point once a person has accepted it, and compares with it from then on', async () => {
    expect((await holdfast(stack.env, 'accept', first.run, '--why', 'x')).code).toBe(2);
    const { code, stdout } = await holdfast(stack.env, 'accept', suspect.run, '--why', 'moved to the archive');
    expect([code, stdout]).toEqual([0, expect.stringContaining('counts as verified')]);
    last = await backup();
    expect(last).toMatchObject({ code: 0, verdict: 'verified' });
    expect(await resultOf(suspect.run)).toMatch(/FAILED Suspect \(suspect\), accepted/);
  });

  test('keeps what is held, and removes it once it is released', async () => {
    expect((await holdfast(stack.env, 'hold', first.run, '--why', 'audit')).code).toBe(0);
    const { document } = await holdfastJson(stack.env, 'prune', 'shop');
    expect(document).toEqual({
      dryRun: false,
      sources: [expect.objectContaining({ source: 'shop', status: 'applied', removed: 1, kept: [] })],
    });
    expect(await keysOf(suspect.run)).toEqual([]);
    expect(await resultOf(suspect.run)).toMatch(/removed \(suspect\)/);
    expect(await keysOf(first.run)).not.toEqual([]);
    expect(await resultOf(first.run)).toMatch(/verified, held/);

    expect((await holdfast(stack.env, 'release', first.run)).code).toBe(0);
    const { stdout } = await holdfast(stack.env, 'prune', 'shop');
    expect(stdout).toBe('shop: removed 1 point\n');
    expect(await keysOf(first.run)).toEqual([]);
    expect(await keysOf(last.run)).not.toEqual([]);
    const { DBSnapshots = [] } = await stack.clients.rds.send(new DescribeDBSnapshotsCommand({}));
    expect(DBSnapshots.filter(({ SnapshotType }) => SnapshotType === 'manual')).toHaveLength(1);
  });

  test('says what was removed, and why', async () => {
    const { stdout } = await holdfast(stack.env, 'show', first.run);
    expect(stdout).toMatch(/^shop-.*: removed \(verified\)\n/);
    expect(stdout).toMatch(/removed +20.* UTC: no rule keeps it\n/);
    expect((await holdfast(stack.env, 'hold', first.run, '--why', 'too late')).code).toBe(8);
  });
});

describe('what the deployed functions do every hour', () => {
  /** As EventBridge does; the emulator's command would have to be a dependency. */
  async function invoke(name: string): Promise<void> {
    const response = await fetch(`${stack.info.endpoint}/2015-03-31/functions/holdfast-local-${name}/invocations`, {
      method: 'POST',
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: '{}',
    });
    expect([response.status, response.headers.get('x-amz-function-error'), await response.text()]).toEqual([
      200,
      null,
      expect.anything(),
    ]);
  }

  const table = (): { TableName: string } => ({ TableName: stack.info.table });

  test('people are told which source is overdue, and once only', async () => {
    await invoke('CheckFreshness');
    await sleep(1500);
    const told = (): readonly { subject: string; text: string; outcome: string }[] =>
      mailbox.mails.filter(({ outcome }) => outcome === 'overdue');
    await invoke('CheckFreshness');
    await invoke('CheckFreshness');
    await eventually(() => Promise.resolve(told()[0]));
    expect(told()).toMatchObject([
      { subject: '[holdfast] OVERDUE idle', text: expect.stringMatching(/no run was ever verified/) },
    ]);
  });

  const deadExecution = (run: string): string =>
    `arn:aws:states:us-east-1:000000000000:execution:holdfast-local-backup:${run}`;

  /** A task of the stack's own cluster that hangs, and works for the row of a run. */
  async function startHangingTask(pk: string, sk: string): Promise<() => Promise<string | undefined>> {
    const { ecs } = stack.clients;
    const [cluster = ''] = (await ecs.send(new ListClustersCommand({}))).clusterArns ?? [];
    const script = "trap 'exit 130' TERM; while :; do sleep 0.05; done";
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'hanging',
        networkMode: 'awsvpc',
        containerDefinitions: [
          { name: 'worker', image: 'holdfast-worker:local', entryPoint: ['/bin/sh', '-c'], command: [script] },
        ],
      }),
    );
    const environment = [
      { name: 'HOLDFAST_RUN_PK', value: pk },
      { name: 'HOLDFAST_RUN_SK', value: sk },
    ];
    const overrides = { containerOverrides: [{ name: 'worker', environment }] };
    const { tasks = [] } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition: 'hanging', overrides }));
    const asked = { cluster, tasks: [tasks[0]?.taskArn ?? ''] };
    return async () => (await ecs.send(new DescribeTasksCommand(asked))).tasks?.[0]?.desiredStatus;
  }

  test('what nobody owns is ended', async () => {
    const { dynamo, rds } = stack.clients;
    const claim = { pk: 'SOURCE#idle', sk: 'ACTIVE', run: 'gone', startedAt: '2026-01-01T00:00:00.000Z', attempt: 0 };
    await dynamo.send(new PutCommand({ ...table(), Item: { ...claim, owner: deadExecution('gone') } }));
    const startedAt = new Date(Date.now() - 2 * 3_600_000).toISOString();
    const open = { pk: 'SOURCE#idle', sk: `RUN#${startedAt}#lost`, source: 'idle', run: 'lost', startedAt };
    const executionArn = deadExecution('lost');
    const row = { ...open, executionArn, trigger: 'schedule', label: null, status: 'running' };
    await dynamo.send(new PutCommand({ ...table(), Item: row }));
    const ended = { run: 'ended', sk: `RUN#${claim.startedAt}#ended`, status: 'failed', finishedAt: claim.startedAt };
    await dynamo.send(new PutCommand({ ...table(), Item: { ...row, startedAt: claim.startedAt, ...ended } }));
    const task = await startHangingTask(row.pk, ended.sk);
    const { document } = await holdfastJson(stack.env, 'list', 'shop');
    const { runs } = document as { runs: { run: string; startedAt: string; removed: unknown }[] };
    const { run = '', startedAt: removedAt = '' } = runs.find((each) => each.removed) ?? {};
    const ofRemoved = snapshotIdentifier({ source: 'shop', startedAt: removedAt });
    await rds.send(
      new CreateDBSnapshotCommand({
        DBInstanceIdentifier: 'shop-prod',
        DBSnapshotIdentifier: ofRemoved,
        Tags: [
          { Key: 'holdfast:stage', Value: 'local' },
          { Key: 'holdfast:run', Value: run },
        ],
      }),
    );
    await invoke('Sweep');
    const { Item } = await dynamo.send(new GetCommand({ ...table(), Key: { pk: claim.pk, sk: claim.sk } }));
    expect(Item).toBeUndefined();
    const { DBSnapshots = [] } = await rds.send(new DescribeDBSnapshotsCommand({}));
    expect(DBSnapshots.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier)).not.toContain(ofRemoved);
    expect(await resultOf('gone')).toMatch(/FAILED UnexpectedError/);
    expect(await resultOf('lost')).toMatch(/FAILED UnexpectedError/);
    const told = (): number =>
      mailbox.mails.filter(({ subject }) => subject.startsWith('[holdfast] FAILED idle')).length;
    await eventually(() => Promise.resolve(told() === 2 || undefined));
    expect(await task()).toBe('STOPPED');
  });
});

describe('whoever has the credentials of the dump worker', () => {
  /** As a container gets them: the stack enforces the policies of their role. */
  async function asWorker(): Promise<S3Client> {
    const { ecs } = stack.clients;
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: 'holdfast-local-worker' }),
    );
    const role = taskDefinition?.taskRoleArn?.split('/').at(-1) ?? '';
    const response = await fetch(`${stack.info.endpoint}/v2/credentials/${role}`);
    const given = (await response.json()) as { AccessKeyId: string; SecretAccessKey: string; Token: string };
    const credentials = {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.Token,
    };
    return new S3Client({ endpoint: stack.info.endpoint, region: stack.info.region, credentials });
  }

  test('can add an object, and neither read, delete nor unlock what is there', async () => {
    const s3 = await asWorker();
    const Bucket = stack.info.bucket;
    const Key = 'shop/2026/01/01/added/shop/1/archive.dump';
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const object = { Bucket, Key, VersionId };
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(0) } as const;
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
    const attempts = [
      () => s3.send(new GetObjectCommand(object)),
      () => s3.send(new DeleteObjectCommand({ Bucket, Key })),
      () => s3.send(new DeleteObjectCommand({ ...object, BypassGovernanceRetention: true })),
      () => s3.send(new PutObjectRetentionCommand({ ...object, Retention, BypassGovernanceRetention: true })),
      () => s3.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: 'OFF' } })),
      () => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration })),
      () => s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })),
      () => s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [] } })),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('what is refused', () => {
  test.each([
    ['an unknown source', ['prune', 'nope'], 3, /no source is named "nope"/],
    ['an unknown run', ['hold', 'nope', '--why', 'x'], 8, /no run is named "nope"/],
    ['no reason', ['hold', 'x'], 2, /--why/],
    ['an empty reason', ['accept', 'x', '--why', ' '], 2, /give a reason on one line/],
  ])('%s', async (_title, args, code, message) => {
    const ended = await holdfast(stack.env, ...args);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(message)]);
  });
});
