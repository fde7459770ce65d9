/** The configuration that was deployed: holdfast.yml lies beside the bundle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../core/config/parse.ts';
import type { Config } from '../core/config/schema.ts';
import { required } from '../aws/environment.ts';

const FILE = 'holdfast.yml';

let config: Config | undefined;

/** Read once per process. @throws InvalidConfig, which packaging has already refused */
export function deployedConfig(): Config {
  return (config ??= parseConfig(readFileSync(join(required('LAMBDA_TASK_ROOT'), FILE), 'utf8'), FILE));
}
