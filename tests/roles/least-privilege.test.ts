/**
 * Roles against what they were seen to do: the local stack enforces the packaged policies, so whatever the end-to-end
 * tests did was allowed; here, whatever is allowed must have been done, or say why it was not.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Template } from '../../infra/limits.ts';
import { readTemplate } from '../../infra/package.ts';
import { packageForLocal } from '../../local/deploy.ts';
import { join } from 'node:path';
import { CONFIG, configFolder } from '../infra/packaged-service.ts';
import { permissionsOf } from '../infra/policies.ts';
import { recordedCalls, type RecordedCall } from './recorded-calls.ts';
import { REFUSALS, UNUSED } from './expected.ts';

const config = configFolder(CONFIG);
let template: Template;
let calls: RecordedCall[];

beforeAll(async () => {
  template = readTemplate(await packageForLocal(config.file, join(config.folder, 'local')));
  calls = recordedCalls();
}, 180_000);
afterAll(config.remove);

test('no role was refused anything but what a test wanted refused', () => {
  const refused = calls.filter(({ decision }) => decision !== 'Allow').map(({ role, action }) => `${role} ${action}`);
  expect([...new Set(refused)].filter((call) => !REFUSALS.has(call))).toEqual([]);
});

test('each action that a role is allowed was used, or is listed with the reason why not', () => {
  const used = new Set(calls.map(({ role, action }) => `${role} ${action}`));
  const allowed = new Set(permissionsOf(template).map(({ role, action }) => `${role} ${action}`));
  const unused = [...allowed].filter((permission) => !used.has(permission) && !reasonFor(permission));
  expect(unused).toEqual([]);
});

test('no reason is listed for what was used after all, or is not allowed', () => {
  const used = new Set(calls.map(({ role, action }) => `${role} ${action}`));
  const allowed = permissionsOf(template).map(({ role, action }) => `${role} ${action}`);
  const needless = Object.keys(UNUSED).filter((pattern) => {
    const matching = allowed.filter((permission) => matches(permission, pattern));
    return matching.length === 0 || matching.some((permission) => used.has(permission));
  });
  expect(needless).toEqual([]);
});

function reasonFor(permission: string): string | undefined {
  return Object.entries(UNUSED).find(([pattern]) => matches(permission, pattern))?.[1];
}

/** A pattern is `<role> <action>`, where `*` stands for any role. */
function matches(permission: string, pattern: string): boolean {
  return permission === pattern || (pattern.startsWith('* ') && permission.endsWith(pattern.slice(1)));
}
