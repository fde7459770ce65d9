/** Containers in a real engine, Docker or podman: `up --runtime docker`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../core/errors.ts';
import { imageBuildArguments } from '../infra/worker-image.ts';
import { hasCode } from './error-code.ts';
import { runCommand } from './run-command.ts';

const DOCKERFILE = path.join(import.meta.dirname, '..', 'worker', 'Dockerfile');
const SOCKET_SCHEME = 'unix://';

/** Programs that build images, and how each is told where its engine is. */
const CLIENTS = [
  { program: 'docker', addressOption: '--host' },
  { program: 'podman', addressOption: '--url' },
] as const;

/**
 * Builds the worker's image in the engine that DOCKER_HOST names, or else in the one that listens on this machine;
 * HOLDFAST_BASE_IMAGE and the like set the Dockerfile's arguments, as for a deployment.
 * @param image its name; a task definition has it without a registry
 * @param buildDir what packaging made; `worker/` in it is the build context
 * @returns the engine's address
 * @throws InvalidInput when there is no engine or it is not on this machine; UnexpectedError with the build's output
 */
export async function prepareDockerEngine(image: string, buildDir: string): Promise<string> {
  const host = engineAddress();
  await runEngine(host, [
    'build',
    ...imageBuildArguments(),
    // In full, as both engines complete it when a container asks for it: podman alone would prefix localhost/.
    ...['--tag', `docker.io/library/${image}`],
    ...['--file', DOCKERFILE, path.join(buildDir, 'worker')],
  ]);
  return host;
}

/**
 * Where a Docker engine, or podman's service, listens.
 * @throws InvalidInput when none does, or when it is on another machine: its containers would not see this one's ports
 */
export function engineAddress(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['DOCKER_HOST'];
  if (chosen !== undefined && chosen !== '') return checkAddress(chosen);
  const sockets = ['/var/run/docker.sock', `${env['XDG_RUNTIME_DIR'] ?? '/run'}/podman/podman.sock`];
  const found = sockets.find((socket) => existsSync(socket));
  if (found !== undefined) return SOCKET_SCHEME + found;
  throw new HoldfastError(
    'InvalidInput',
    `no container engine listens at ${sockets.join(' or ')}: start one, set DOCKER_HOST, or leave out --runtime docker`,
  );
}

function checkAddress(host: string): string {
  if (!host.startsWith(SOCKET_SCHEME)) {
    throw new HoldfastError(
      'InvalidInput',
      `DOCKER_HOST "${host}" is not on this machine: use unix:///path/of/a/socket`,
    );
  }
  if (existsSync(host.slice(SOCKET_SCHEME.length))) return host;
  throw new HoldfastError(
    'InvalidInput',
    `no container engine listens at ${host}: start one, or leave out --runtime docker`,
  );
}

/**
 * Runs a command of `docker`, or of `podman` where only that is installed.
 * @returns what it wrote to stdout
 * @throws InvalidInput when neither is installed; UnexpectedError with its output when it fails
 */
export async function runEngine(host: string, args: readonly string[], input?: string): Promise<string> {
  for (const { program, addressOption } of CLIENTS) {
    try {
      return await runCommand(program, [addressOption, host, ...args], input === undefined ? {} : { input });
    } catch (error) {
      const missing = error instanceof HoldfastError && hasCode(error.cause, 'ENOENT');
      if (!missing) throw error;
    }
  }
  throw new HoldfastError('InvalidInput', 'neither docker nor podman is installed: one of them builds the image');
}
