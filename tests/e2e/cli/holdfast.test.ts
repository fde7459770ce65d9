/** The command against a deployed stack and a real PostgreSQL: each promise of its help text, by exit code and output. */
import { CreateStackCommand, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { CopyObjectCommand, DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { eventually } from '../local/mend-suite.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { query } from '../support/worker-leftovers.ts';
import { holdfast, holdfastJson, startHoldfast, startInTerminal, type Running } from './holdfast.ts';

const CONFIG = `sources:
  shop:
    rds: { instance: shop-prod }
    connection: { secret: test/shop, sslMode: disable }
    databases: [shop, "odd name"]
  broken:
    connection: { secret: test/broken, database: shop, sslMode: disable }
`;

/** The first start on a machine installs the toolchain. */
jest.setTimeout(240_000);

const RUN_NAME = /\b(shop|broken|nope)-\d{8}-\d{6}-[0-9a-f]{4}\b/;

let stack: TestStack;
let server: PostgresServer;

beforeAll(async () => {
  [stack, server] = await Promise.all([
    startTestStack({ config: CONFIG }),
    startPostgres({ major: 17, password: 'p@ss/w:rd' }),
  ]);
  for (const [database, rows] of [
    ['shop', 1234],
    ['odd name', 5],
  ] as const) {
    await query(server, 'postgres', `CREATE DATABASE "${database}"`);
    await query(server, database, `CREATE TABLE item AS SELECT n, md5(n::text) FROM generate_series(1, ${rows}) n`);
  }
  await stack.registerDatabase(server, { secret: 'test/shop', rds: { instance: 'shop-prod' } });
  await stack.registerDatabase({ ...server, password: 'wrong' }, { secret: 'test/broken' });
});

afterAll(async () => {
  await server.stop();
  await stack.stop();
});

const runNameIn = (text: string): string => RUN_NAME.exec(text)?.[0] ?? `no run's name in ${text}`;

describe('a backup that somebody waits for', () => {
  let run: string;

  test('tells each change of state, then what it has left', async () => {
    const { code, stdout, stderr } = await holdfast(stack.env, 'backup', 'shop', '--label', 'before 4.2', '--wait');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    run = runNameIn(stdout);
    expect(stdout).toMatch(new RegExp(`^started ${run}\n`));
    for (const state of ['PlanBackup', 'RecordManifest', 'PublishSuccess']) {
      expect(stdout).toMatch(new RegExp(`^ +\\d+ s  ${state}$`, 'm'));
    }
    expect(stdout).toMatch(/^shop +1 +1,234 +[\d.]+ \w+ +yes +hf-shop-/m);
    expect(stdout).toMatch(/^odd name +1 +5 +[\d.]+ \w+ +yes +hf-shop-/m);
    expect(stdout).toContain(`holdfast show ${run}`);
  });

  test('is listed', async () => {
    const { code, stdout } = await holdfast(stack.env, 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`shop +${run} +verified +- +before 4.2 .* STANDARD +2 +1,239 +hf-shop-`));
  });

  test('is shown, for a person', async () => {
    const { code, stdout } = await holdfast(stack.env, 'show', run);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${run}: verified\n`));
    expect(stdout).toContain('compared checksum and size of 6 objects');
    expect(stdout).toContain('pg_restore --exit-on-error');
    expect(stdout).toContain('odd%20name/1/archive.dump');
  });

  test('is shown, for a program', async () => {
    const { code, document } = await holdfastJson(stack.env, 'show', run);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      source: 'shop',
      run,
      status: 'succeeded',
      verdict: 'verified',
      label: 'before 4.2',
      trigger: 'cli',
      databases: 2,
      rows: 1239,
      bucket: stack.info.bucket,
      console: null,
      snapshot: { kind: 'instance', status: 'available' },
      dumps: [
        { database: 'shop', totals: { rows: 1234 } },
        { database: 'odd name', totals: { rows: 5 } },
      ],
      verification: { by: 'VerifyDump', objects: 6 },
      failure: null,
      progress: null,
    });
    expect(JSON.stringify(document['dumps'])).toContain('pg_restore');
  });

  test('says which of its objects were archived, and which are gone', async () => {
    const listed = async (): Promise<unknown> => {
      const { document } = await holdfastJson(stack.env, 'list', 'shop', '--limit', '1');
      return (document as { runs: { storage: unknown }[] }).runs[0]?.storage;
    };
    const where = { Bucket: stack.info.bucket, Prefix: 'shop/' };
    const { Contents = [] } = await stack.clients.s3.send(new ListObjectsV2Command(where));
    const [first = '', second = ''] = Contents.flatMap(({ Key = '' }) => (Key.endsWith('archive.dump') ? [Key] : []));
    // As the lifecycle rule of `archive` does, in its own time.
    const CopySource = `${where.Bucket}/${encodeURIComponent(first)}`;
    await stack.clients.s3.send(
      new CopyObjectCommand({ ...{ Bucket: where.Bucket, Key: first, CopySource }, StorageClass: 'GLACIER' }),
    );
    await stack.clients.s3.send(new DeleteObjectCommand({ Bucket: where.Bucket, Key: second }));
    expect(await listed()).toEqual(
      expect.arrayContaining([
        { storageClass: 'GLACIER', objects: 1, sizeBytes: expect.any(Number) },
        { storageClass: 'STANDARD', objects: 4, sizeBytes: expect.any(Number) },
        { storageClass: null, objects: 1, sizeBytes: expect.any(Number) },
      ]),
    );
    const { stdout } = await holdfast(stack.env, 'show', run);
    expect(stdout).toMatch(/^ +archive .* GLACIER .*odd%20name/m);
    expect(stdout).toMatch(/^ +archive .* MISSING .*shop\/1/m);
  });
});

test('a backup that nobody waits for is started and can be followed', async () => {
  const env = { ...stack.env, CI: 'true' };
  const { code, document, stderr } = await holdfastJson(env, 'backup', 'shop', '--include', 'snapshot');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(document).toMatchObject({ source: 'shop', status: 'running', recoveryPoint: null });
  const run = String(document['run']);
  expect(run).toMatch(RUN_NAME);
  const shown = await eventually(async () => {
    const { document } = await holdfastJson(stack.env, 'show', run);
    return document['status'] === 'succeeded' ? document : undefined;
  }, 30_000);
  expect(shown).toMatchObject({ verdict: 'snapshot-only', trigger: 'ci', dumps: [], databases: 0 });
});

describe('a backup that fails', () => {
  test('ends with the exit code of its failure, the reason and what to do', async () => {
    const { code, stdout, stderr } = await holdfast(stack.env, 'backup', 'broken', '--wait');
    expect(code).toBe(10);
    expect(stderr).toMatch(/^error: AuthFailed: .*\nhint: check user and password in the secret/);
    expect(stdout).toMatch(/^broken-\S+: FAILED AuthFailed after/m);
    const shown = await holdfast(stack.env, 'show', runNameIn(stdout));
    expect(shown.stdout).toContain('Why it failed\n  AuthFailed: ');
  });

  test('gives a program one document with the error; progress goes to stderr', async () => {
    const { code, document, stderr } = await holdfastJson(stack.env, 'backup', 'broken', '--wait');
    expect(code).toBe(10);
    expect(stderr).toMatch(/^ +\d+ s {2}PlanBackup$/m);
    expect(document).toMatchObject({
      source: 'broken',
      status: 'failed',
      recoveryPoint: null,
      error: { code: 'AuthFailed', hint: expect.stringContaining('secret') },
    });
  });

  test('because nobody knows the source: exit code 3 and the sources there are', async () => {
    const { code, stderr } = await holdfast(stack.env, 'backup', 'nope', '--wait');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: SourceNotFound: .*shop, broken/);
  });
});

describe('a run that takes its time', () => {
  let blocker: Client;
  let waiting: Running;
  let run: string;

  beforeAll(async () => {
    blocker = new Client({ ...server, database: 'shop' });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
    waiting = startInTerminal(stack.env, ['backup', 'shop', '--wait']);
    run = await eventually(async () => Promise.resolve(RUN_NAME.exec(waiting.stdout())?.[0]), 20_000);
  });
  afterAll(() => blocker.end());

  test('shows one live line in a terminal, with the bytes that the worker reports', async () => {
    await eventually(
      async () => Promise.resolve(/BackUp {2}dumping shop, 0 of 2 databases done/.exec(waiting.stdout()) ?? undefined),
      60_000,
    );
    expect(waiting.stdout()).toContain('\u001b[2K');
  });

  test('is shown with its progress', async () => {
    const { stdout } = await holdfast(stack.env, 'show', run);
    expect(stdout).toMatch(/^ {2}progress +dumping shop, 0 of 2 databases done/m);
    const { document } = await holdfastJson(stack.env, 'show', run);
    expect(document).toMatchObject({ status: 'running', progress: { phase: 'dumping', databasesDue: 2 } });
  });

  test('keeps out a second one: exit code 4 and its name', async () => {
    const { code, stderr } = await holdfast(stack.env, 'backup', 'shop', '--wait');
    expect(code).toBe(4);
    expect(stderr).toContain(`run ${run} of source shop is still active`);
  });

  test('goes on after Ctrl-C, which says so and how to stop it', async () => {
    waiting.child.stdin.write('\u0003');
    const { code, stdout } = await waiting.ended;
    expect(code).toBe(130);
    expect(stdout).toContain(`error: Cancelled: stopped waiting, but run ${run} goes on`);
    expect(stdout).toContain('aws stepfunctions stop-execution --execution-arn arn:');
    expect((await holdfastJson(stack.env, 'show', run)).document).toMatchObject({ status: 'running' });
  });

  test('ends as Cancelled for whoever waits when it is stopped', async () => {
    await blocker.query('COMMIT');
    await eventually(async () => {
      const { document } = await holdfastJson(stack.env, 'show', run);
      return document['status'] === 'succeeded' ? true : undefined;
    }, 60_000);
    await blocker.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
    const stopped = startHoldfast(stack.env, ['backup', 'shop', '--wait', '--json']);
    const name = await eventually(async () => {
      const { document } = await holdfastJson(stack.env, 'list', 'shop', '--limit', '1');
      const [newest] = document['runs'] as { run: string; status: string }[];
      return newest?.status === 'running' ? newest.run : undefined;
    }, 30_000);
    const executionArn = `${stack.info.stateMachines.backup.replace(':stateMachine:', ':execution:')}:${name}`;
    await stack.clients.stepFunctions.send(new StopExecutionCommand({ executionArn }));
    const { code, stdout } = await stopped.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ run: name, status: 'aborted', error: { code: 'Cancelled' } });
    await blocker.query('COMMIT');
  });
});

describe('what is refused before anything is started', () => {
  test('arguments: everything wrong at once', async () => {
    const before = await holdfast(stack.env, 'list', '--limit', '1');
    const { code, stdout, stderr } = await holdfast(
      stack.env,
      ...['backup', 'shop', '--include', 'dmp', '--trigger', 'cron', '--label', 'a\nb'],
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const name of ['--include: ', '--trigger: ', '--label: ']) expect(stderr).toContain(name);
    expect((await holdfast(stack.env, 'list', '--limit', '1')).stdout).toBe(before.stdout);
  });

  test.each([
    ['no command', [], 'no command was given'],
    ['an unknown command', ['lst'], "unknown command 'lst' (Did you mean list?)"],
    ['an unknown option', ['list', '--limt', '3'], "unknown option '--limt' (Did you mean --limit?)"],
    ['a limit that is no number', ['list', '--limit', 'ten'], '--limit: "ten" is not a number of runs'],
    ['show without a run', ['show'], "missing required argument 'run'"],
  ])('%s', async (_what, args, message) => {
    const [text, json] = await Promise.all([holdfast(stack.env, ...args), holdfastJson(stack.env, ...args)]);
    expect([text.code, json.code]).toEqual([2, 2]);
    expect(text.stderr).toContain(`error: InvalidInput: ${message}`);
    expect(json.document).toMatchObject({ error: { code: 'InvalidInput', message: expect.stringContaining(message) } });
  });
});

describe('where it looks', () => {
  test('a run that nobody knows', async () => {
    const { code, document } = await holdfastJson(stack.env, 'show', 'shop-20200101-000000-0000');
    expect(code).toBe(8);
    expect(document).toMatchObject({ error: { code: 'RecoveryPointNotFound' } });
  });

  test('a source without runs', async () => {
    const { code, stdout } = await holdfast(stack.env, 'list', 'quiet');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no runs of quiet are recorded\n' });
  });

  test('a stage that is not deployed, with those that are', async () => {
    const { code, stderr } = await holdfast(stack.env, 'list', '--stage', 'nowhere');
    expect(code).toBe(2);
    expect(stderr).toMatch(/no stack holdfast-nowhere was found in region us-east-1 \(deployed there: local\)/);
  });

  test('several stages: one must be named', async () => {
    const StackName = 'holdfast-second';
    await stack.clients.cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody: SECOND_STACK }));
    try {
      const { code, stderr } = await eventually(async () => {
        const ended = await holdfast(stack.env, 'list');
        return ended.code === 0 ? undefined : ended;
      }, 20_000);
      expect(code).toBe(2);
      expect(stderr).toContain('deployed there: local, second');
      expect((await holdfast(stack.env, 'list', '--stage', 'local')).code).toBe(0);
      expect((await holdfast({ ...stack.env, HOLDFAST_STAGE: 'local' }, 'list')).code).toBe(0);
    } finally {
      await stack.clients.cloudFormation.send(new DeleteStackCommand({ StackName }));
    }
  });

  test('no endpoint, no credentials: a sentence, not a stack trace', async () => {
    const unreachable = await holdfast({ ...stack.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 'list');
    expect(unreachable.code).toBe(1);
    expect(unreachable.stderr).toMatch(/^error: UnexpectedError: AWS cannot be reached: .*\nhint: .*\n$/);
    const { PATH = '', AWS_ENDPOINT_URL = '' } = stack.env;
    const anonymous = { PATH, AWS_ENDPOINT_URL, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' };
    const unknown = await holdfast({ ...anonymous, HOME: stack.directory }, 'list');
    expect(unknown.code).toBe(10);
    expect(unknown.stderr).toMatch(/^error: AccessDenied: no usable AWS credentials were found .*\nhint: .*\n$/);
  });

  test('a row that nobody can read hides no other', async () => {
    const key = { pk: 'SOURCE#shop', sk: 'RUN#2999-01-01T00:00:00.000Z#odd' };
    const table = { TableName: stack.info.table };
    await stack.clients.dynamo.send(new PutCommand({ ...table, Item: { ...key, run: 'odd', status: 'melted' } }));
    try {
      const { code, stdout, stderr } = await holdfast(stack.env, 'list');
      expect(code).toBe(0);
      expect(stdout).toContain('verified');
      expect(stderr).toMatch(/^warning: row SOURCE#shop \/ RUN#2999\S+ is not what a run's record looks like/);
    } finally {
      await stack.clients.dynamo.send(new DeleteCommand({ ...table, Key: key }));
    }
  });
});

/** A deployment to the eyes of who looks for one. */
const SECOND_STACK = JSON.stringify({
  Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
  Outputs: Object.fromEntries(
    ['BackupMachineArn', 'BucketName', 'TableName'].map((name) => [name, { Value: { Ref: 'Topic' } }]),
  ),
});
