/** Entry point of the container: `node worker.mjs dump|restore|restore-test`, configured by environment or by flags. */
import { parseArgs } from 'node:util';
import { bucketName, required } from '../aws/environment.ts';
import { HoldfastError, causeChain } from '../core/errors.ts';
import type { RowKey } from '../core/keys.ts';
import { dumpRun } from './dump-run.ts';
import { log } from './log.ts';
import { restoreLocally, restoreRun } from './restore-run.ts';
import { restoreTestRun } from './restore-test-run.ts';

const DEFAULT_PG_ROOT = '/usr/lib/postgresql';

const TEXT = { type: 'string' } as const;

/** Each flag stands for a variable of the environment, and wins over it. */
const FLAGS = {
  'run-pk': 'HOLDFAST_RUN_PK',
  'run-sk': 'HOLDFAST_RUN_SK',
  bucket: 'HOLDFAST_BUCKET',
  table: 'HOLDFAST_TABLE',
  'pg-root': 'HOLDFAST_PG_ROOT',
} as const;

async function main(): Promise<number> {
  const { local, positionals } = readArguments();
  const options = {
    bucket: bucketName(),
    pgRoot: process.env['HOLDFAST_PG_ROOT'] ?? DEFAULT_PG_ROOT,
    certificatesDirectory: import.meta.dirname,
    cancel: cancelOnSignals(),
  };
  const key = (): RowKey => ({ pk: required('HOLDFAST_RUN_PK'), sk: required('HOLDFAST_RUN_SK') });
  const command = positionals.join(' ');
  switch (command) {
    case 'dump':
      return dumpRun({ key: key(), ...options });
    case 'restore':
      return local ? restoreLocally(options) : restoreRun(key(), options);
    case 'restore-test':
      return restoreTestRun(key(), options);
    default:
      throw new HoldfastError('InvalidInput', `unknown command "${command}": use dump, restore or restore-test`);
  }
}

/** @throws InvalidInput for a flag that there is not */
function readArguments(): { local: boolean; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        'run-pk': TEXT,
        'run-sk': TEXT,
        bucket: TEXT,
        table: TEXT,
        'pg-root': TEXT,
        // Of a restore: its plan comes from stdin, and the target from libpq's environment.
        local: { type: 'boolean' },
      },
    });
    for (const flag of Object.keys(FLAGS) as (keyof typeof FLAGS)[]) {
      const value = values[flag];
      if (value !== undefined) process.env[FLAGS[flag]] = value;
    }
    return { local: values.local === true, positionals };
  } catch (error) {
    throw new HoldfastError('InvalidInput', causeChain(error), { cause: error });
  }
}

/** ECS sends SIGTERM when a task is stopped, and SIGKILL when its stop timeout is over. */
function cancelOnSignals(): AbortController {
  const cancel = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      cancel.abort(new HoldfastError('Cancelled', `the worker was stopped by ${signal}`));
    });
  }
  return cancel;
}

function exitCodeOf(error: unknown): number {
  log('error', 'the worker ended without an outcome', { reason: causeChain(error) });
  return error instanceof HoldfastError ? error.exitCode : 1;
}

// What is idle by now, such as connections kept alive for the next request, must not keep the task running.
process.exit(await main().catch(exitCodeOf));
