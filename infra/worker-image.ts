/** The worker's image: built from worker/Dockerfile, pushed to a repository of the account. */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import { execa } from 'execa';
import { HoldfastError } from '../core/errors.ts';
import { buildWorker } from './build-worker.ts';

const REPOSITORY = 'holdfast-worker';
const DOCKERFILE = join(import.meta.dirname, '../worker/Dockerfile');

/**
 * Builds the image and pushes it. The tag is a hash of what the image is made of, so an unchanged worker keeps its
 * task definition.
 * @returns the image's URI
 */
export async function pushWorkerImage(buildDir: string): Promise<string> {
  await buildWorker(buildDir);
  copyFileSync(DOCKERFILE, join(buildDir, 'Dockerfile'));
  const repository = await repositoryUri();
  const image = `${repository}:${contentTag(buildDir)}`;
  await docker(['build', '--platform', 'linux/amd64', '--tag', image, buildDir]);
  await login(repository);
  await docker(['push', image]);
  return image;
}

function contentTag(buildDir: string): string {
  const hash = createHash('sha256');
  for (const file of ['Dockerfile', 'worker.mjs', 'rds-ca.pem']) hash.update(readFileSync(join(buildDir, file)));
  return hash.digest('hex').slice(0, 16);
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
  await docker(['login', '--username', user, '--password-stdin', host], password);
}

async function docker(args: readonly string[], input?: string): Promise<void> {
  const { failed, code } = await execa('docker', args, {
    reject: false,
    stdout: 'inherit',
    stderr: 'inherit',
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  if (!failed) return;
  const missing = code === 'ENOENT' ? ': docker is not installed; it builds the worker image' : '';
  throw new HoldfastError('UnexpectedError', `docker ${args[0] ?? ''} failed${missing}`);
}
