/** AWS on one machine: emulator, containers and the deployed service, in a folder that knows all of it. */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../core/errors.ts';
import { isRunning, stopDaemon, type Daemon } from './daemon.ts';
import { deployToEmulator, packageForLocal, sdkEnvironment, WORKER_IMAGE } from './deploy.ts';
import { startEmulator, type Emulator } from './emulator.ts';
import { prepareDockerEngine } from './docker-engine.ts';
import { placeSocket, startProcessRuntime } from './process-runtime.ts';
import { readState, removeState, writeState, type StackInfo, type StackState } from './stack-state.ts';
import { installToolchain, type Toolchain } from './toolchain.ts';

export type { StackInfo } from './stack-state.ts';

export interface StackOptions {
  /** The stack's folder. What else lies in it is left alone. */
  readonly directory: string;
  /** Default: holdfast.yml of the checkout, else holdfast.example.yml. */
  readonly configFile?: string;
  /** Of the emulator; default: any free one. */
  readonly port?: number;
  /** Containers as processes, or in the Docker engine that DOCKER_HOST names. */
  readonly runtime?: 'process' | 'docker';
  /** Loopback URLs of single services, by the SDK's names: `{ s3: 'http://127.0.0.1:9000' }`. */
  readonly endpointOverrides?: Readonly<Record<string, string>>;
  /** Told the emulator's endpoint before anything is deployed to it. */
  readonly onEmulator?: (endpoint: string) => void;
  /** Told what is going on, a line at a time. */
  readonly say?: (line: string) => void;
  /** Ends what was started by then, and throws its reason. */
  readonly signal?: AbortSignal;
}

/**
 * In the stack's folder of logs, unless HOLDFAST_CALLS_FILE names another for several stacks: every call that a role
 * made, as local/emulator/iam_calls.py writes it.
 */
const CALLS_FILE = 'calls.jsonl';

const CHECKOUT = path.join(import.meta.dirname, '..');

/**
 * Starts a stack, deploys the service with the configuration and returns; everything goes on by itself until `stopStack`.
 * @throws InvalidInput for a folder whose stack runs already or an address that is not this machine's;
 *   InvalidConfig for a bad configuration
 */
export async function startStack(options: StackOptions): Promise<StackInfo> {
  const checked = checkOptions(options);
  const { directory, say } = checked;
  await refuseRunningStack(directory);
  await mkdir(directory, { recursive: true });
  try {
    say('packaging the service');
    const [toolchain, serviceDir] = await Promise.all([
      installToolchain(say),
      packageForLocal(checked.configFile, path.join(directory, 'build')),
    ]);
    options.signal?.throwIfAborted();
    say('starting the emulator of AWS');
    const { endpoint } = await startProcesses(directory, toolchain, checked);
    options.onEmulator?.(endpoint);
    options.signal?.throwIfAborted();
    say('deploying the service');
    const info = await deployToEmulator(serviceDir, endpoint, checked.endpoints);
    options.signal?.throwIfAborted();
    await addInfo(directory, info);
    return info;
  } catch (error) {
    await stopStack(directory);
    // Ctrl-C reaches the programs that were running too: their errors are not the reason.
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** Ends what `startStack` started in this folder, and nothing else. @returns whether there was anything */
export async function stopStack(directory: string): Promise<boolean> {
  const state = await readState(path.resolve(directory));
  if (!state) return false;
  // The last to start is the first to go: the emulator would wait for containers that still run.
  for (const daemon of [...state.daemons].reverse()) await stopDaemon(daemon);
  for (const file of state.temporaryFiles) await rm(file, { recursive: true, force: true });
  await removeState(path.resolve(directory));
  return true;
}

/**
 * @returns what is needed to use the stack
 * @throws InvalidInput when none runs in this folder
 */
export async function describeStack(directory: string): Promise<StackInfo> {
  const state = await readState(path.resolve(directory));
  const start = 'start one with npm run local -- up';
  if (!state) throw new HoldfastError('InvalidInput', `there is no stack in ${directory}: ${start}`);
  if (!(await allRun(state)))
    throw new HoldfastError('InvalidInput', `the stack in ${directory} has ended (see ${state.logs}): ${start}`);
  if (!state.info) throw new HoldfastError('InvalidInput', `the stack in ${directory} is still being deployed`);
  return state.info;
}

interface CheckedOptions {
  readonly directory: string;
  readonly configFile: string;
  readonly port: number | undefined;
  readonly runtime: 'process' | 'docker';
  readonly endpoints: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

function checkOptions(options: StackOptions): CheckedOptions {
  const endpoints = options.endpointOverrides ?? {};
  const runtime = options.runtime ?? 'process';
  for (const [service, url] of Object.entries(endpoints)) refuseOtherMachines(service, url);
  if (runtime === 'docker' && Object.keys(endpoints).length > 0) {
    throw new HoldfastError(
      'InvalidInput',
      'endpoints of single services need the process runtime: leave out --runtime docker',
    );
  }
  const configFile = path.resolve(options.configFile ?? defaultConfig());
  if (!existsSync(configFile)) throw new HoldfastError('InvalidInput', `there is no configuration file ${configFile}`);
  return {
    directory: path.resolve(options.directory),
    configFile,
    port: options.port,
    runtime,
    endpoints,
    say: options.say ?? (() => undefined),
  };
}

function defaultConfig(): string {
  const own = path.join(CHECKOUT, 'holdfast.yml');
  return existsSync(own) ? own : path.join(CHECKOUT, 'holdfast.example.yml');
}

/** A local stack works with made-up credentials and throwaway data: nothing of it may reach a real AWS. */
function refuseOtherMachines(service: string, url: string): void {
  const hostname = URL.canParse(url) ? new URL(url).hostname : '';
  if (['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return;
  throw new HoldfastError(
    'InvalidInput',
    `endpoint "${url}" of ${service} is not on this machine: use http://127.0.0.1:<port>`,
  );
}

async function refuseRunningStack(directory: string): Promise<void> {
  const state = await readState(directory);
  if (!state) return;
  if (await allRun(state)) {
    throw new HoldfastError(
      'InvalidInput',
      `a stack runs in ${directory} already: end it with npm run local -- down --state ${directory}`,
    );
  }
  // What is left of a stack that died half-way.
  await stopStack(directory);
}

async function addInfo(directory: string, info: StackInfo): Promise<void> {
  const state = await readState(directory);
  if (!state)
    throw new HoldfastError('UnexpectedError', `the stack in ${directory} was ended while it was being deployed`);
  await writeState(directory, { ...state, info });
}

async function allRun({ daemons }: StackState): Promise<boolean> {
  const running = await Promise.all(daemons.map(isRunning));
  return running.length > 0 && running.every(Boolean);
}

/** Starts the emulator and the runtime of the containers; each is written down as soon as it runs. */
async function startProcesses(directory: string, toolchain: Toolchain, checked: CheckedOptions): Promise<Emulator> {
  const logs = path.join(directory, 'logs');
  await rm(path.join(logs, 'containers'), { recursive: true, force: true });
  await mkdir(logs, { recursive: true });
  const socket = await placeSocket(logs);
  const temporaryFiles = [path.join(logs, 'tmp'), path.join(logs, 'runtime.json'), socket.remove];
  const remember = (...daemons: Daemon[]): Promise<void> => writeState(directory, { daemons, temporaryFiles, logs });
  await remember();
  const docker = checked.runtime === 'docker';
  const dockerHost = docker
    ? await prepareDockerEngine(WORKER_IMAGE, path.join(directory, 'build'))
    : socket.dockerHost;
  const emulator = await startEmulator({
    toolchain,
    directory: logs,
    dockerHost,
    environment: {
      // The policies of roles are enforced: what the template does not allow is refused here too.
      AUTH: 'true',
      HOLDFAST_CALLS_FILE: process.env['HOLDFAST_CALLS_FILE'] ?? path.join(logs, CALLS_FILE),
      ...perService(checked.endpoints),
    },
    onStarted: remember,
    ...(checked.port === undefined ? {} : { port: checked.port }),
  });
  if (docker) return emulator;
  await startProcessRuntime({
    directory: logs,
    socket,
    images: { [WORKER_IMAGE]: [process.execPath, path.join(directory, 'build', 'worker', 'worker.mjs')] },
    environment: {
      ...IMAGE_ENVIRONMENT,
      ...perService(checked.endpoints),
      HOLDFAST_PG_ROOT: toolchain.pgRoot,
    },
    onStarted: (runtime) => remember(emulator.daemon, runtime),
  });
  return emulator;
}

/** What an image would bring. */
const IMAGE_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/' };

/** Lambda functions get the emulator's environment, and its own address from the emulator itself. */
function perService(endpoints: Readonly<Record<string, string>>): Record<string, string> {
  const all = Object.entries(sdkEnvironment('', endpoints));
  return Object.fromEntries(all.filter(([name]) => name.startsWith('AWS_ENDPOINT_URL_')));
}
