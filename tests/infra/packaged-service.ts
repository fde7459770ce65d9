/** A service packaged from a configuration that uses every key that makes something in the template. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource, Template } from '../../infra/limits.ts';

export const KMS_KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';

export const CONFIG = `
notifications: { email: [ops@example.com, dba@example.com], on: [failed, started] }
network: { subnets: [subnet-a], securityGroups: [sg-1] }
storage: { kmsKey: "${KMS_KEY}" }
restoreTargets:
  staging: { secret: staging/restore, auth: iam, user: restorer }
sources:
  a-b:
    rds: { instance: a-prod }
    connection: { secret: prod/a }
    schedule: { cron: "30 2 * * ? *", timezone: Europe/Paris, jitterMinutes: 15 }
    restoreTest: { cron: "0 6 1 * ? *", timezone: Europe/Paris, rto: 4h, window: 30d }
    archive: { afterDays: 30, storageClass: GLACIER }
  ab:
    rds: { cluster: b-prod }
    connection: { auth: iam, user: holdfast, database: b }
    schedule: { cron: "0 3 ? * MON-FRI *" }
  by-hand:
    connection: { secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:c-AbCdEf", host: db.example.com }
`;

/** A new folder with the configuration in it, and how to remove it. */
export function configFolder(config: string): { folder: string; file: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'hf-infra-'));
  const file = join(folder, 'holdfast.yml');
  writeFileSync(file, config);
  return {
    folder,
    file,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

export function resourcesOf({ Resources }: Template, type: string): [string, Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}

export function propertiesOf({ Resources }: Template, name: string): Readonly<Record<string, unknown>> {
  const properties = Resources[name]?.Properties;
  if (!properties) throw new Error(`the template has no resource ${name} with properties`);
  return properties;
}

export const arnOf = (name: string): object => ({ 'Fn::GetAtt': [name, 'Arn'] });
export const ref = (name: string): object => ({ Ref: name });
