/** An emulator with a runtime for containers but without the service: for the tests of the mends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stopDaemon, type Daemon } from '../../../local/daemon.ts';
import { CREDENTIALS, REGION, startEmulator } from '../../../local/emulator.ts';
import { placeSocket, startProcessRuntime } from '../../../local/process-runtime.ts';
import { installToolchain } from '../../../local/toolchain.ts';

export interface TestEmulator {
  readonly endpoint: string;
  /** For any client of the SDK. */
  readonly settings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: typeof CREDENTIALS;
    readonly maxAttempts: number;
  };
  /** Holds the logs. */
  readonly directory: string;
  stop(): Promise<void>;
}

/** An image whose entry point is a shell: the container's command is its script. */
export const SHELL_IMAGE = 'shell:test';

/** An emulator without its mends may wait for containers that are gone. */
const STOP_GRACE_MS = 500;

/**
 * @param withoutMend the one to leave out
 * @param environment more variables of the emulator
 */
export async function startTestEmulator(
  withoutMend?: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<TestEmulator> {
  const toolchain = await installToolchain(() => undefined);
  const directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
  const socket = await placeSocket(directory);
  const daemons: Daemon[] = [];
  const stop = async (): Promise<void> => {
    for (const daemon of daemons) await stopDaemon(daemon, STOP_GRACE_MS);
    await rm(socket.remove, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const runtime = await startProcessRuntime({
      directory,
      socket,
      images: { [SHELL_IMAGE]: ['/bin/sh', '-c'] },
      environment: { PATH: '/usr/bin:/bin' },
    });
    daemons.push(runtime.daemon);
    const { daemon, endpoint } = await startEmulator({
      toolchain,
      directory,
      dockerHost: socket.dockerHost,
      environment,
      ...(withoutMend === undefined ? {} : { withoutMend }),
    });
    daemons.push(daemon);
    const settings = { endpoint, region: REGION, credentials: { ...CREDENTIALS }, maxAttempts: 1 };
    return { endpoint, settings, directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
