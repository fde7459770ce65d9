import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { requireWithinLimits, type Resource } from '../../infra/limits.ts';
import { packageService } from '../../infra/package.ts';
import { configFolder } from './packaged-service.ts';

const TIMEOUT_MS = 180_000;

function within(resources: Record<string, Resource>): () => void {
  return () => {
    requireWithinLimits({ Resources: resources });
  };
}

const many = (count: number): Record<string, Resource> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`R${index}`, { Type: 'AWS::SNS::Topic' }]));

const roleFor = (secrets: number): Record<string, Resource> => ({
  WorkerRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      Policies: Array.from({ length: secrets }, (_, index) => ({
        'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:source-${index}-??????`,
      })),
    },
  },
});

const schedule = (name: string): Record<string, Resource> => ({
  S: { Type: 'AWS::Scheduler::Schedule', Properties: { Name: name } },
});

describe('a template', () => {
  it('may hold 500 resources, a role 10,240 characters, the name of a schedule 64', () => {
    expect(within(many(500))).not.toThrow();
    expect(within(roleFor(100))).not.toThrow();
    expect(within(schedule('x'.repeat(64)))).not.toThrow();
  });

  it.each([
    [
      'resources',
      many(501),
      /^the configuration makes 501 CloudFormation resources, a template holds 500: move sources/,
    ],
    [
      'policies',
      roleFor(130),
      /^the policy of WorkerRole has up to \d{5} characters, IAM holds 10240: let sources share/,
    ],
    [
      'letters',
      schedule('x'.repeat(65)),
      /^schedule name x{65} has 65 characters, EventBridge holds 64: choose a shorter/,
    ],
  ])('with more %s is refused, with the numbers and what to do', (_title, resources, message) => {
    expect(within(resources)).toThrow(
      expect.objectContaining({ name: 'InvalidConfig', message: expect.stringMatching(message) }),
    );
  });
});

describe('packaging', () => {
  const configs: { remove: () => void }[] = [];
  afterAll(() => {
    for (const { remove } of configs) remove();
  });

  async function refusal(text: string): Promise<{ error: unknown; built: boolean }> {
    const config = configFolder(text);
    configs.push(config);
    const outDir = join(config.folder, 'out');
    const options = { configFile: config.file, outDir, stage: 'test', workerImage: 'holdfast-worker:local' };
    const error: unknown = await packageService(options).catch((refused: unknown) => refused);
    return { error, built: existsSync(outDir) };
  }

  it('refuses a bad configuration with every line, before anything is built', async () => {
    const { error, built } = await refusal('sources:\n  orders: { conection: { secret: x } }\n  Bad_: {}\n');
    expect(error).toMatchObject({
      name: 'InvalidConfig',
      message: expect.stringMatching(
        /holdfast\.yml:2: [^]*did you mean "connection"[^]*holdfast\.yml:3: sources\.Bad_/,
      ),
    });
    expect(built).toBe(false);
  });

  it('refuses a configuration that is not there', async () => {
    const options = { configFile: '/nowhere/holdfast.yml', outDir: '/nowhere', stage: 'test', workerImage: 'x' };
    await expect(packageService(options)).rejects.toMatchObject({
      name: 'InvalidConfig',
      message: expect.stringContaining('/nowhere/holdfast.yml'),
    });
  });

  it(
    'refuses more sources than a template holds',
    async () => {
      const source = '{ connection: { secret: shared }, schedule: { cron: "0 3 * * ? *" } }';
      const lines = Array.from({ length: 600 }, (_, index) => `  s${index}: ${source}`);
      const { error } = await refusal(`sources:\n${lines.join('\n')}\n`);
      expect(error).toMatchObject({
        name: 'InvalidConfig',
        message: expect.stringMatching(/makes 7\d\d CloudFormation resources, a template holds 500: move sources/),
      });
    },
    TIMEOUT_MS,
  );
});
