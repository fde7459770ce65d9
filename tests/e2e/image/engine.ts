/** The container engine of this machine: one that listens already, or podman started for as long as it is needed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../../../core/errors.ts';
import { startDaemon, stopDaemon, waitUntilReady } from '../../../local/daemon.ts';
import { engineAddress, runEngine } from '../../../local/docker-engine.ts';
import { runCommand } from '../../../local/run-command.ts';

export interface Engine {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** @returns undefined on a machine that has none */
export async function findEngine(): Promise<Engine | undefined> {
  const listening = await listeningEngine();
  if (listening) return { ...listening, stop: () => Promise.resolve() };
  return (await isInstalled('podman')) ? startPodman() : undefined;
}

/** An address that somebody chose must answer; at the usual ones there may be a socket without a listener. */
async function listeningEngine(): Promise<Omit<Engine, 'stop'> | undefined> {
  try {
    const host = engineAddress();
    return { host, version: await versionOf(host) };
  } catch (error) {
    const chosen = (process.env['DOCKER_HOST'] ?? '') !== '';
    if (chosen || !(error instanceof HoldfastError)) throw error;
    return undefined;
  }
}

/** Its images stay in podman's own storage. */
async function startPodman(): Promise<Engine> {
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-podman-'));
  const host = `unix://${path.join(directory, 'podman.sock')}`;
  const logFile = path.join(directory, 'podman.log');
  const env = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]));
  const daemon = await startDaemon('podman', ['system', 'service', '--time=0', host], { logFile, cwd: directory, env });
  const stop = async (): Promise<void> => {
    await stopDaemon(daemon);
    await rm(directory, { recursive: true, force: true });
  };
  const answers = (): Promise<boolean> =>
    versionOf(host).then(
      () => true,
      () => false,
    );
  try {
    await waitUntilReady('podman service', daemon, logFile, answers);
    return { host, version: await versionOf(host), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function versionOf(host: string): Promise<string> {
  return (await runEngine(host, ['version', '--format', '{{.Server.Version}}'])).trim();
}

async function isInstalled(program: string): Promise<boolean> {
  return runCommand(program, ['--version']).then(
    () => true,
    () => false,
  );
}
