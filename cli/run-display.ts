/** How a run is shown while somebody waits. */
import { formatDuration } from '../core/format.ts';
import { describePhase, describeProgress, type RunView } from './run-view.ts';

export interface RunDisplay {
  /** A line that stays. */
  note(line: string): void;
  entered(state: string, elapsedMs: number): void;
  show(view: RunView): void;
  /** Nothing more will be shown. */
  end(): void;
}

/** A line for each change: for logs and pipes. */
export function plainDisplay(stream: NodeJS.WritableStream): RunDisplay {
  let lastPhase = '';
  const at = (elapsedMs: number, text: string): void => {
    stream.write(`${formatDuration(elapsedMs).padStart(8)}  ${text}\n`);
  };
  return {
    note: (line) => stream.write(`${line}\n`),
    entered: (state, elapsedMs) => {
      at(elapsedMs, state);
    },
    show: ({ progress, elapsedMs }) => {
      if (!progress) return;
      const phase = describePhase(progress);
      if (phase === lastPhase) return;
      lastPhase = phase;
      at(elapsedMs, describeProgress(progress));
    },
    end: () => undefined,
  };
}
