/** The `holdfast` command as a process: its streams, its signals, its exit code. */
import { acceptDefaultRegion } from '../aws/region.ts';
import { ERRORS } from '../core/errors.ts';
import { runProgram } from './program.ts';

function catchInterrupt(): AbortSignal {
  const interruption = new AbortController();
  // Not `once`: the live line's library ends the process when it finds itself the only listener.
  process.on('SIGINT', () => {
    if (interruption.signal.aborted) process.exit(ERRORS.Cancelled.exit);
    interruption.abort();
  });
  return interruption.signal;
}

acceptDefaultRegion();

// Whoever reads may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  catchInterrupt,
});
