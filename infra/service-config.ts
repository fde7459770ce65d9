/** The configuration that is being packaged: holdfast.yml in the folder that the service is packaged from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../core/config/parse.ts';
import type { Config } from '../core/config/schema.ts';

export const CONFIG_FILE = 'holdfast.yml';

/** @throws InvalidConfig with every bad line */
export function serviceConfig(): Config {
  return parseConfig(readFileSync(join(process.cwd(), CONFIG_FILE), 'utf8'), CONFIG_FILE);
}
