import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { configFolder } from './packaged-service.ts';

const CHECKOUT = join(import.meta.dirname, '../..');

const CONFIG = `
network: { subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d] }
sources: { orders: { connection: { secret: prod/orders } } }
`;

let config: ReturnType<typeof configFolder>;
beforeAll(() => {
  config = configFolder(CONFIG);
});
afterAll(() => {
  config.remove();
});

/** Where nobody answers: what it says is what stood in its way first. */
function deploy(environment: Readonly<Record<string, string>>): string {
  const args = ['infra/deploy-command.ts', '--stage', 'test', '--config', config.file, '--out', config.folder];
  const { stderr } = spawnSync(process.execPath, args, {
    cwd: CHECKOUT,
    encoding: 'utf8',
    env: {
      PATH: '/usr/bin:/bin',
      // No profile of whoever runs the tests.
      HOME: config.folder,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_MAX_ATTEMPTS: '1',
      ...environment,
    },
  });
  return stderr;
}

it('deploying asks for a region where there is none', () => {
  expect(deploy({})).toBe('InvalidInput: no AWS region: set AWS_REGION, or the region of the profile\n');
});

it("deploying takes the AWS CLI's variable", () => {
  expect(deploy({ AWS_DEFAULT_REGION: 'eu-west-1' })).toMatch(/ECONNREFUSED 127\.0\.0\.1:1/);
});
