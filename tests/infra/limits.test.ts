import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { requireWithinLimits, type Resource } from '../../infra/limits.ts';
import { packageService, readTemplate } from '../../infra/package.ts';
import { configFolder, resourcesOf } from './packaged-service.ts';

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

/** A template with a text of that length in it. */
const longOf = (bytes: number): Record<string, Resource> => ({
  T: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'x'.repeat(bytes) } },
});

describe('a template', () => {
  it('may hold 500 resources, a role 10,240 characters, the name of a schedule 64', () => {
    expect(within(many(500))).not.toThrow();
    expect(within(roleFor(100))).not.toThrow();
    expect(within(schedule('x'.repeat(64)))).not.toThrow();
    expect(within(longOf(1_048_000))).not.toThrow();
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
      'bytes',
      longOf(1_048_576),
      /^the configuration makes a template of 1048\d{3} bytes, CloudFormation takes 1048576: move sources/,
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

  /** @returns as `error` what was made, where nothing was refused */
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
    'takes 50 sources with secrets, schedules, tests, archives and retention of their own',
    async () => {
      const lines = Array.from({ length: 50 }, (_, index) => {
        const name = `customers-eu-${index}`;
        return `  ${name}: { rds: { instance: ${name} }, connection: { secret: prod/${name}/backup } }`;
      });
      const defaults = [
        'schedule: { cron: "0 3 * * ? *", timezone: Europe/Paris }',
        'restoreTest: { cron: "0 6 1 * ? *" }',
        'retention: { daily: 14 }',
        'archive: { afterDays: 30, storageClass: GLACIER }',
      ];
      const { error } = await refusal(`defaults:\n  ${defaults.join('\n  ')}\nsources:\n${lines.join('\n')}\n`);
      expect(error).toMatchObject({ serviceDir: expect.any(String) });
      const template = readTemplate((error as { serviceDir: string }).serviceDir);
      expect(resourcesOf(template, 'AWS::Scheduler::Schedule').length).toBeGreaterThan(100);
      expect(Object.keys(template.Resources).length).toBeLessThan(300);
      // There is room for more of them.
      expect(JSON.stringify(template).length).toBeLessThan(512 * 1024);
      // None of them for one source alone.
      expect(resourcesOf(template, 'AWS::CloudWatch::Alarm').length).toBeLessThan(20);
    },
    TIMEOUT_MS,
  );

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
