/** The `holdfast` command as a process: its streams, its signals, its exit code. */
import { runProgram } from './program.ts';

function catchInterrupt(): AbortSignal {
  const interruption = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  process.once('SIGINT', () => {
    interruption.abort();
  });
  return interruption.signal;
}

// Whoever reads may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  catchInterrupt,
});
