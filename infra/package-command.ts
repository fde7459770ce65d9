/** `npm run package -- --stage S [--config FILE] [--out DIR]`: the template and the bundles, deployed nowhere. */
import { join } from 'node:path';
import { Command } from 'commander';
import { HoldfastError } from '../core/errors.ts';
import { packageService } from './package.ts';
import { CONFIG_FILE } from './service-config.ts';

interface Options {
  readonly stage: string;
  readonly config: string;
  readonly out: string;
  readonly image: string;
}

const { stage, config, out, image } = new Command('npm run package --')
  .option('--stage <name>', 'stage that the template is for', 'dev')
  .option('--config <file>', 'configuration', CONFIG_FILE)
  .option('--out <dir>', 'folder that gets service/ and worker/', '.build')
  .option('--image <uri>', 'worker image that the task definition names', 'holdfast-worker:local')
  .parse()
  .opts<Options>();

try {
  const { serviceDir } = await packageService({ configFile: config, outDir: out, stage, workerImage: image });
  console.log(`packaged: ${join(serviceDir, '.serverless')} and ${join(out, 'worker')}`);
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
