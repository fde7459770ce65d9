/** What is known of a stack while it runs: `stack.json` in its folder. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Daemon } from './daemon.ts';
import { hasCode } from './error-code.ts';

/** How to reach a stack: any AWS SDK works with these. */
export interface StackInfo {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** ARNs. */
  readonly stateMachines: { readonly backup: string; readonly restore: string; readonly restoreTest: string };
  readonly bucket: string;
  readonly table: string;
  readonly topic: string;
  /** URL of a queue that gets the topic's messages in the SNS envelope. */
  readonly mailbox: string;
  /** Services that are elsewhere than at `endpoint`, by the SDK's name for them in lower case. */
  readonly endpoints: Readonly<Record<string, string>>;
}

export interface StackState {
  readonly daemons: readonly Daemon[];
  /** Made by `up` and removed by `down`. */
  readonly temporaryFiles: readonly string[];
  /** Where the emulator and the containers write what they do. */
  readonly logs: string;
  /** Missing while the service is being deployed. */
  readonly info?: StackInfo;
}

const stateFile = (directory: string): string => path.join(directory, 'stack.json');

export async function readState(directory: string): Promise<StackState | undefined> {
  const text = await readFile(stateFile(directory), 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as StackState);
}

export async function writeState(directory: string, state: StackState): Promise<void> {
  const temporary = `${stateFile(directory)}.new`;
  await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`);
  await rename(temporary, stateFile(directory));
}

export async function removeState(directory: string): Promise<void> {
  await rm(stateFile(directory), { force: true });
}
