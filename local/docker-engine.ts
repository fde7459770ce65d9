/** Containers in a real engine, Docker or podman: `up --runtime docker`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../core/errors.ts';
import { runCommand } from './run-command.ts';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const DOCKERFILE = path.join(import.meta.dirname, '..', 'worker', 'Dockerfile');

/**
 * Builds the worker's image in the engine that DOCKER_HOST names.
 * @param buildDir what packaging made; `worker/` in it is the build context
 * @returns the engine's address
 * @throws InvalidInput when there is no engine or it is not on this machine
 */
export async function prepareDockerEngine(image: string, buildDir: string): Promise<string> {
  const host = process.env['DOCKER_HOST'] ?? DEFAULT_HOST;
  if (!host.startsWith('unix://')) {
    throw new HoldfastError(
      'InvalidInput',
      `DOCKER_HOST "${host}" is not on this machine: use unix:///path/of/a/socket`,
    );
  }
  if (!existsSync(host.slice('unix://'.length))) {
    throw new HoldfastError(
      'InvalidInput',
      `no container engine listens at ${host}: start one, or leave out --runtime docker`,
    );
  }
  await runCommand('docker', ['build', '--tag', image, '--file', DOCKERFILE, path.join(buildDir, 'worker')], {
    env: { ...process.env, DOCKER_HOST: host },
  });
  return host;
}
