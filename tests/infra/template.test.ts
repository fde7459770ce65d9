import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readTemplate } from '../../infra/package.ts';
import type { Template } from '../../infra/limits.ts';
import { packageForLocal } from '../../local/deploy.ts';
import { runCommand } from '../../local/run-command.ts';
import { lintTemplate } from './cfn-lint.ts';
import { checkAlarms } from './check-alarms.ts';
import { checkRoles } from './check-roles.ts';
import { checkStarts } from './check-starts.ts';
import { checkStorage } from './check-storage.ts';
import { checkWatching } from './check-watching.ts';
import { CONFIG, configFolder, resourcesOf } from './packaged-service.ts';

const TIMEOUT_MS = 180_000;
const CHECKOUT = join(import.meta.dirname, '../..');

const config = configFolder(CONFIG);
let serviceDir: string;
let template: Template;

beforeAll(async () => {
  serviceDir = await packageForLocal(config.file, join(config.folder, 'local'));
  template = readTemplate(serviceDir);
}, TIMEOUT_MS);
afterAll(config.remove);

checkRoles(() => template);
checkStorage(() => template);
checkStarts(() => template);
checkWatching(() => template);
checkAlarms(() => template);

describe('the template', () => {
  it(
    'passes cfn-lint',
    async () => {
      const file = join(serviceDir, '.serverless/cloudformation-template-update-stack.json');
      const findings = (await lintTemplate(file)).map(
        ({ Rule, Message, Location }) => `${Rule.Id} ${(Location.Path ?? []).join('.')}: ${Message}`,
      );
      // W3005, superfluous but harmless: the framework writes DependsOn for a role that the function refers to anyway.
      const ofTheFramework = /^W3005 Resources\.\w+LambdaFunction\.DependsOn\.\d+: '\w+Role' dependency already/;
      expect(findings.filter((finding) => !ofTheFramework.test(finding))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'that is deployed to the local stack is the one that npm run package makes, which leaves nothing else',
    async () => {
      const out = join(config.folder, 'packaged');
      const args = ['infra/package-command.ts', '--stage', 'local', '--config', config.file, '--out', out];
      const temporary = join(config.folder, 'temporary');
      mkdirSync(temporary);
      await runCommand(process.execPath, args, { cwd: CHECKOUT, env: { ...process.env, TMPDIR: temporary } });
      expect(withoutUploadTimes(readTemplate(join(out, 'service')))).toEqual(withoutUploadTimes(template));
      expect(readdirSync(temporary)).toEqual([]);
      expect(readdirSync(out).sort()).toEqual(['service', 'worker']);
    },
    TIMEOUT_MS,
  );
});

describe('a bundle', () => {
  it('holds its handler and the configuration, and nothing else but its source map', async () => {
    for (const [name, { Properties = {} }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      const zip = join(serviceDir, '.serverless', `${name.replace(/LambdaFunction$/, '')}.zip`);
      const files = JSON.parse(
        await runCommand('python3', [
          '-c',
          'import json,sys,zipfile; print(json.dumps(zipfile.ZipFile(sys.argv[1]).namelist()))',
          zip,
        ]),
      ) as string[];
      const handler = String(Properties['Handler']).replace(/\.handler$/, '');
      expect(files.sort()).toEqual([`${handler}.mjs`, `${handler}.mjs.map`, 'holdfast.yml']);
    }
  });
});

/** The keys of the bundles hold the moment of packaging. */
function withoutUploadTimes(from: Template): unknown {
  return JSON.parse(JSON.stringify(from).replace(/\d{13}-\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'));
}
