/** The `holdfast` command as a process of its own, as a person or a program starts it. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const ENTRY = path.join(__dirname, '../../../cli/holdfast.mjs');
const TERMINAL = path.join(__dirname, 'terminal.py');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** What it has written to stdout so far. */
  stdout(): string;
}

export type Environment = Readonly<Record<string, string>>;

export function startHoldfast(env: Environment, args: readonly string[]): Running {
  return start(process.execPath, [ENTRY, ...args], env);
}

/** In a terminal: what is written to its stdin is typed, and stdout is what the screen gets. */
export function startInTerminal(env: Environment, args: readonly string[]): Running {
  return start('python3', [TERMINAL, process.execPath, ENTRY, ...args], env);
}

export async function holdfast(env: Environment, ...args: readonly string[]): Promise<Ended> {
  const { child, ended } = startHoldfast(env, args);
  child.stdin.end();
  return ended;
}

/** With `--json`: stdout must be one document. */
export async function holdfastJson(
  env: Environment,
  ...args: readonly string[]
): Promise<Ended & { readonly document: Readonly<Record<string, unknown>> }> {
  const ended = await holdfast(env, ...args, '--json');
  return { ...ended, document: JSON.parse(ended.stdout) as Record<string, unknown> };
}

function start(command: string, args: readonly string[], env: Environment): Running {
  const child = spawn(command, args, { env, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => (output[name] += chunk.toString()));
  }
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, ...output }));
  return { child, ended, stdout: () => output.stdout };
}
