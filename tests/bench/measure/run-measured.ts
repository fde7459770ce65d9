/** A command with what it cost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { HoldfastError } from '../../../core/errors.ts';
import { lastLines } from '../../../core/postgres/stderr.ts';

const COMMAND = path.join(import.meta.dirname, 'command.py');
const LINES_SHOWN = 5;
const MESSAGE_LENGTH_MAX = 600;

export const Measured = z.object({
  /** Negative: ended by that signal. */
  exitCode: z.int(),
  wallSeconds: z.number(),
  /** User and system time of the command and of everything that it started. */
  cpuSeconds: z.number(),
  /** Of the largest single process among them. */
  peakRssBytes: z.int(),
  /** Written into files by any of them, whether it reached the disk or not. */
  writtenBytes: z.int(),
});
export type Measured = z.infer<typeof Measured>;

export interface MeasuredCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A folder that holds nothing that is measured. */
  readonly reports: string;
}

/** @returns the end of what the command said, where it did not end with 0, as `complaint` */
export async function runMeasured(job: MeasuredCommand): Promise<{ measured: Measured; complaint: string | null }> {
  const report = path.join(job.reports, 'used.json');
  const logFile = path.join(job.reports, 'output.log');
  const log = await open(logFile, 'w');
  const child = spawn('python3', [COMMAND, report, job.command, ...job.args], {
    env: job.env,
    stdio: ['ignore', log.fd, log.fd],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  await log.close();
  const said = lastLines(await readFile(logFile, 'utf8'), LINES_SHOWN, MESSAGE_LENGTH_MAX);
  if (code !== 0) throw new HoldfastError('UnexpectedError', `${job.command} could not be measured: ${said}`);
  const measured = Measured.parse(JSON.parse(await readFile(report, 'utf8')));
  const complaint = measured.exitCode === 0 ? null : `exit code ${measured.exitCode}: ${said}`;
  return { measured, complaint };
}
