/** What the command refuses before anything is started, and where it looks for a deployment and its runs. */
import { CreateStackCommand, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../local/mend-suite.ts';
import { holdfast, holdfastJson } from './holdfast.ts';
import type { Shop } from './shop.ts';

/** A deployment to the eyes of who looks for one. */
const SECOND_STACK = JSON.stringify({
  Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
  Outputs: Object.fromEntries(
    ['BackupMachineArn', 'BucketName', 'TableName'].map((name) => [name, { Value: { Ref: 'Topic' } }]),
  ),
});

/** @param world has a verified run of `shop` */
export function testRefusals(world: () => Shop): void {
  describe('what is refused before anything is started', () => {
    test('arguments: everything wrong at once', async () => {
      const before = await holdfast(world().stack.env, 'list', '--limit', '1');
      const { code, stdout, stderr } = await holdfast(
        world().stack.env,
        ...['backup', 'shop', '--include', 'dmp', '--trigger', 'cron', '--label', 'a\nb'],
      );
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      for (const name of ['--include: ', '--trigger: ', '--label: ']) expect(stderr).toContain(name);
      expect((await holdfast(world().stack.env, 'list', '--limit', '1')).stdout).toBe(before.stdout);
    });

    test.each([
      ['no command', [], 'no command was given'],
      ['an unknown command', ['lst'], "unknown command 'lst' (Did you mean list?)"],
      ['an unknown option', ['list', '--limt', '3'], "unknown option '--limt' (Did you mean --limit?)"],
      ['a limit that is no number', ['list', '--limit', 'ten'], '--limit: "ten" is not a number of runs'],
      ['show without a run', ['show'], "missing required argument 'run'"],
    ])('%s', async (_what, args, message) => {
      const [text, json] = await Promise.all([
        holdfast(world().stack.env, ...args),
        holdfastJson(world().stack.env, ...args),
      ]);
      expect([text.code, json.code]).toEqual([2, 2]);
      expect(text.stderr).toContain(`error: InvalidInput: ${message}`);
      expect(json.document).toMatchObject({
        error: { code: 'InvalidInput', message: expect.stringContaining(message) },
      });
    });
  });

  describe('where it looks', () => {
    test('a run that nobody knows', async () => {
      const { code, document } = await holdfastJson(world().stack.env, 'show', 'shop-20200101-000000-0000');
      expect(code).toBe(8);
      expect(document).toMatchObject({ error: { code: 'RecoveryPointNotFound' } });
    });

    test('a source without runs', async () => {
      const { code, stdout } = await holdfast(world().stack.env, 'list', 'quiet');
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'no runs of quiet are recorded\n' });
    });

    test('a stage that is not deployed, with those that are', async () => {
      const { code, stderr } = await holdfast(world().stack.env, 'list', '--stage', 'nowhere');
      expect(code).toBe(2);
      expect(stderr).toMatch(/no stack holdfast-nowhere was found in region us-east-1 \(deployed there: local\)/);
    });

    test('several stages: one must be named', async () => {
      const StackName = 'holdfast-second';
      await world().stack.clients.cloudFormation.send(
        new CreateStackCommand({ StackName, TemplateBody: SECOND_STACK }),
      );
      try {
        const { code, stderr } = await eventually(async () => {
          const ended = await holdfast(world().stack.env, 'list');
          return ended.code === 0 ? undefined : ended;
        }, 20_000);
        expect(code).toBe(2);
        expect(stderr).toContain('deployed there: local, second');
        expect((await holdfast(world().stack.env, 'list', '--stage', 'local')).code).toBe(0);
        expect((await holdfast({ ...world().stack.env, HOLDFAST_STAGE: 'local' }, 'list')).code).toBe(0);
      } finally {
        await world().stack.clients.cloudFormation.send(new DeleteStackCommand({ StackName }));
      }
    });

    test('no endpoint, no credentials: a sentence, not a stack trace', async () => {
      const unreachable = await holdfast({ ...world().stack.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 'list');
      expect(unreachable.code).toBe(1);
      expect(unreachable.stderr).toMatch(/^error: UnexpectedError: AWS cannot be reached: .*\nhint: .*\n$/);
      const { PATH = '', AWS_ENDPOINT_URL = '' } = world().stack.env;
      const anonymous = { PATH, AWS_ENDPOINT_URL, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' };
      const unknown = await holdfast({ ...anonymous, HOME: world().stack.directory }, 'list');
      expect(unknown.code).toBe(10);
      expect(unknown.stderr).toMatch(/^error: AccessDenied: no usable AWS credentials were found .*\nhint: .*\n$/);
    });

    test("the AWS CLI's variable for the region is enough", async () => {
      const { AWS_REGION = '', ...env } = world().stack.env;
      expect((await holdfast(env, 'list')).stderr).toContain('no usable AWS region is set');
      expect(await holdfast({ ...env, AWS_DEFAULT_REGION: AWS_REGION }, 'list')).toMatchObject({ code: 0, stderr: '' });
    });

    test('a row that nobody can read hides no other', async () => {
      const key = { pk: 'SOURCE#shop', sk: 'RUN#2999-01-01T00:00:00.000Z#odd' };
      const table = { TableName: world().stack.info.table };
      await world().stack.clients.dynamo.send(
        new PutCommand({ ...table, Item: { ...key, run: 'odd', status: 'melted' } }),
      );
      try {
        const { code, stdout, stderr } = await holdfast(world().stack.env, 'list');
        expect(code).toBe(0);
        expect(stdout).toContain('verified');
        expect(stderr).toMatch(/^warning: row SOURCE#shop \/ RUN#2999\S+ is not what a run's record looks like/);
      } finally {
        await world().stack.clients.dynamo.send(new DeleteCommand({ ...table, Key: key }));
      }
    });
  });
}
