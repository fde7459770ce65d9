/** The worker's image as its Dockerfile asks for it and as an engine describes it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { WORKER_IMAGE } from '../../../local/deploy.ts';
import { runEngine } from '../../../local/docker-engine.ts';

const DOCKERFILE = path.join(import.meta.dirname, '../../../worker/Dockerfile');

/** The base image that is used unless another is given. */
export async function officialBase(): Promise<string> {
  const base = /^ARG BASE_IMAGE=(\S+)$/m.exec(await readFile(DOCKERFILE, 'utf8'))?.[1];
  if (base === undefined) throw new Error(`${DOCKERFILE} names no BASE_IMAGE`);
  return base;
}

/** @throws when it would run as root */
export async function describeImage(host: string): Promise<string> {
  const image = `docker.io/library/${WORKER_IMAGE}`;
  const described = await runEngine(host, ['image', 'inspect', '--format', '{{.Config.User}} {{.Size}}', image]);
  const [user = '', sizeBytes = ''] = described.trim().split(' ');
  if (user === '' || user === 'root' || user.startsWith('0')) throw new Error(`the image runs as "${user}"`);
  return `${image}: ${(Number(sizeBytes) / 1e6).toFixed(0)} MB, user ${user}`;
}
