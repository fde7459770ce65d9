import { HoldfastError } from '../core/errors.ts';

/**
 * Ctrl-C and the like as a signal whose reason is Cancelled. From now on the process ends only by itself: what it has
 * started would outlive it.
 */
export function catchInterruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      controller.abort(new HoldfastError('Cancelled', `${signal}: what had been started was ended again`));
    });
  }
  return controller.signal;
}
