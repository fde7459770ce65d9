/** The worker's image: built from worker/Dockerfile, pushed to a repository of the account. */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  ImageNotFoundException,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import { execa } from 'execa';
import { HoldfastError } from '../core/errors.ts';
import { buildWorker } from './build-worker.ts';

const REPOSITORY = 'holdfast-worker';
const DOCKERFILE = join(import.meta.dirname, '../worker/Dockerfile');

/** Programs that build and push images, with the same arguments. */
const CLIENTS = ['docker', 'podman'] as const;

/** Variables that set arguments of the Dockerfile, which describes them. */
const BUILD_ARGUMENTS = {
  HOLDFAST_BASE_IMAGE: 'BASE_IMAGE',
  HOLDFAST_POSTGRES_SERVERS: 'POSTGRES_SERVERS',
  HOLDFAST_EXTENSION_PACKAGES: 'EXTENSION_PACKAGES',
  HOLDFAST_LOCALES: 'LOCALES',
  HOLDFAST_PGDG_URL: 'PGDG_URL',
} as const;

/**
 * Builds the image and pushes it, unless the account has it. The tag is a hash of what the image is made of, so an
 * unchanged worker keeps its task definition. HOLDFAST_BASE_IMAGE and the like set the Dockerfile's arguments.
 * @returns the image's URI
 */
export async function pushWorkerImage(buildDir: string): Promise<string> {
  await buildWorker(buildDir);
  copyFileSync(DOCKERFILE, join(buildDir, 'Dockerfile'));
  const buildArguments = imageBuildArguments();
  const tag = contentTag(buildDir, buildArguments);
  const repository = await repositoryUri();
  const image = `${repository}:${tag}`;
  if (await hasImage(tag)) return image;
  await runClient(['build', '--platform', 'linux/amd64', ...buildArguments, '--tag', image, buildDir]);
  await login(repository);
  await runClient(['push', image]);
  return image;
}

/** Arguments that are one thing; the others are lists, and an empty list is one. */
const SINGLE = new Set<string>(['BASE_IMAGE', 'PGDG_URL']);

/** What the environment sets of the Dockerfile's arguments. */
export function imageBuildArguments(): string[] {
  return Object.entries(BUILD_ARGUMENTS).flatMap(([variable, name]) => {
    const value = process.env[variable];
    const isSet = value !== undefined && (value !== '' || !SINGLE.has(name));
    return isSet ? ['--build-arg', `${name}=${value}`] : [];
  });
}

function contentTag(buildDir: string, buildArguments: readonly string[]): string {
  const hash = createHash('sha256').update(buildArguments.join('\0'));
  for (const file of ['Dockerfile', 'worker.mjs', 'rds-ca.pem']) hash.update(readFileSync(join(buildDir, file)));
  return hash.digest('hex').slice(0, 16);
}

/** A tag cannot be pushed twice: the repository is immutable, and a second build of the same files has another digest. */
async function hasImage(imageTag: string): Promise<boolean> {
  try {
    const { imageDetails = [] } = await new ECRClient().send(
      new DescribeImagesCommand({ repositoryName: REPOSITORY, imageIds: [{ imageTag }] }),
    );
    return imageDetails.length > 0;
  } catch (error) {
    if (error instanceof ImageNotFoundException) return false;
    throw error;
  }
}

async function repositoryUri(): Promise<string> {
  const ecr = new ECRClient();
  try {
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [REPOSITORY] }));
    return uriOf(repositories?.[0]?.repositoryUri);
  } catch (error) {
    if (!(error instanceof RepositoryNotFoundException)) throw error;
  }
  const { repository } = await ecr.send(
    new CreateRepositoryCommand({
      repositoryName: REPOSITORY,
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
    }),
  );
  return uriOf(repository?.repositoryUri);
}

function uriOf(uri: string | undefined): string {
  if (uri === undefined) throw new HoldfastError('UnexpectedError', `repository ${REPOSITORY} has no URI`);
  return uri;
}

/** The password goes through stdin: argv is public on the machine. */
async function login(repository: string): Promise<void> {
  const { authorizationData } = await new ECRClient().send(new GetAuthorizationTokenCommand());
  const token = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString();
  const [user = '', password = ''] = token.split(':');
  const host = repository.split('/')[0] ?? '';
  await runClient(['login', '--username', user, '--password-stdin', host], password);
}

async function runClient(args: readonly string[], input?: string): Promise<void> {
  for (const program of CLIENTS) {
    const { failed, code } = await execa(program, args, {
      reject: false,
      stdout: 'inherit',
      stderr: 'inherit',
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
    });
    if (!failed) return;
    if (code !== 'ENOENT') throw new HoldfastError('UnexpectedError', `${program} ${args[0] ?? ''} failed`);
  }
  throw new HoldfastError(
    'InvalidInput',
    `neither ${CLIENTS.join(' nor ')} is installed: one of them builds the image`,
  );
}
