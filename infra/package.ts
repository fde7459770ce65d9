/**
 * Packages the service: the one CloudFormation template and the one set of bundles that are deployed to AWS and to the
 * local stack alike. It works in a folder of its own, so that several stacks can be packaged from one checkout.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { parseConfig } from '../core/config/parse.ts';
import { HoldfastError } from '../core/errors.ts';
import { buildWorker } from './build-worker.ts';
import { requireWithinLimits, type Template } from './limits.ts';
import { CONFIG_FILE } from './service-config.ts';

const CHECKOUT = join(import.meta.dirname, '..');

/** What the service is made of, besides its configuration. The framework does not follow a link to serverless.yml. */
const COPIED = ['serverless.yml', 'package.json'];
const LINKED = ['node_modules', 'functions', 'core', 'aws', 'infra', 'statemachine'];

export interface PackageOptions {
  readonly configFile: string;
  /** Gets `service/` (with `.serverless/`) and `worker/`. */
  readonly outDir: string;
  readonly stage: string;
  /** The image that the task definition names. */
  readonly workerImage: string;
  /** The whole environment of the framework; default: this process's. It tells the SDK which AWS to use. */
  readonly env?: NodeJS.ProcessEnv;
}

/** @throws InvalidConfig for a bad configuration, before anything is built, or for one that is too large for AWS */
export async function packageService(options: PackageOptions): Promise<{ serviceDir: string }> {
  requireGoodConfig(options.configFile);
  const serviceDir = prepare(options);
  await Promise.all([buildWorker(join(options.outDir, 'worker')), serverless(['package'], serviceDir, options)]);
  requireWithinLimits(readTemplate(serviceDir));
  return { serviceDir };
}

/** What packageService has made to be deployed. */
export function readTemplate(serviceDir: string): Template {
  const file = join(serviceDir, '.serverless/cloudformation-template-update-stack.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Template;
}

/** Deploys what packageService has packaged. */
export async function deployService(
  options: Pick<PackageOptions, 'stage' | 'workerImage' | 'env'> & { serviceDir: string },
): Promise<void> {
  await serverless(['deploy', '--package', '.serverless'], options.serviceDir, options);
}

function requireGoodConfig(configFile: string): void {
  if (!existsSync(configFile)) {
    throw new HoldfastError('InvalidConfig', `there is no file ${configFile}; copy holdfast.example.yml and edit it`);
  }
  parseConfig(readFileSync(configFile, 'utf8'), configFile);
}

/** A clean folder of links to the checkout, and the configuration as holdfast.yml. */
function prepare({ configFile, outDir }: PackageOptions): string {
  const serviceDir = join(outDir, 'service');
  rmSync(serviceDir, { recursive: true, force: true });
  mkdirSync(serviceDir, { recursive: true });
  for (const file of COPIED) copyFileSync(join(CHECKOUT, file), join(serviceDir, file));
  for (const part of LINKED) symlinkSync(join(CHECKOUT, part), join(serviceDir, part));
  copyFileSync(configFile, join(serviceDir, CONFIG_FILE));
  return serviceDir;
}

async function serverless(
  command: readonly string[],
  serviceDir: string,
  { stage, workerImage, env = process.env }: Pick<PackageOptions, 'stage' | 'workerImage' | 'env'>,
): Promise<void> {
  const bin = join(CHECKOUT, 'node_modules/serverless/bin/serverless.js');
  // Its plugin leaves a folder a function in the temporary folder: here they go with it.
  const temporary = `${serviceDir}.tmp`;
  mkdirSync(temporary, { recursive: true });
  try {
    const result = await execa(process.execPath, [bin, ...command, '--stage', stage], {
      cwd: serviceDir,
      env: {
        ...env,
        TMPDIR: resolve(temporary),
        HOLDFAST_WORKER_IMAGE: workerImage,
        SLS_INTERACTIVE_SETUP_ENABLE: '0',
        SLS_NOTIFICATIONS_MODE: 'off',
      },
      extendEnv: false,
      stdin: 'ignore',
      all: true,
      reject: false,
    });
    if (!result.failed) return;
    throw new HoldfastError('UnexpectedError', `serverless ${command.join(' ')} failed:\n${result.all}`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
