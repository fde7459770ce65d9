import { spawn } from 'node:child_process';
import { HoldfastError } from '../core/errors.ts';

interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment of the child; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Written to the child's stdin, which is otherwise empty. */
  readonly input?: string;
}

/**
 * Runs a program to its end.
 * @returns what it wrote to stdout
 * @throws UnexpectedError with all its output when it cannot be started or does not exit with 0
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { input, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      output.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (cause) => {
      reject(new HoldfastError('UnexpectedError', `${command} could not be run`, { cause }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) {
        resolve(Buffer.concat(stdout).toString());
        return;
      }
      const how = signal ?? `exit code ${String(code)}`;
      const said = Buffer.concat(output).toString().trim();
      reject(new HoldfastError('UnexpectedError', `${command} ${args[0] ?? ''} ended with ${how}: ${said}`));
    });
    // A child that exits without reading its input is judged by its exit code, not by EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
