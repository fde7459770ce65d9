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

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'run-pk': { type: 'string' },
      'run-sk': { type: 'string' },
      'pg-root': { type: 'string' },
      // Of a restore: its plan comes from stdin, and the target from libpq's environment.
      local: { type: 'boolean', default: false },
    },
  });
  const options = {
    bucket: bucketName(),
    pgRoot: values['pg-root'] ?? process.env['HOLDFAST_PG_ROOT'] ?? DEFAULT_PG_ROOT,
    certificatesDirectory: import.meta.dirname,
    cancel: cancelOnSignals(),
  };
  const key = (): RowKey => ({
    pk: values['run-pk'] ?? required('HOLDFAST_RUN_PK'),
    sk: values['run-sk'] ?? required('HOLDFAST_RUN_SK'),
  });
  const command = positionals.join(' ');
  switch (command) {
    case 'dump':
      return dumpRun({ key: key(), ...options });
    case 'restore':
      return values.local ? restoreLocally(options) : restoreRun(key(), options);
    case 'restore-test':
      return restoreTestRun(key(), options);
    default:
      throw new HoldfastError('InvalidInput', `unknown command "${command}": use dump, restore or restore-test`);
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
