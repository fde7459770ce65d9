/** How a run is shown while somebody waits: a live line where there is a terminal, else a line for each change. */
import { createLogUpdate } from 'log-update';
import { formatDuration } from '../core/format.ts';
import { describePhase, describeProgress, describeView, type RunView } from './run-view.ts';

export interface RunDisplay {
  /** A line that stays. */
  note(line: string): void;
  entered(state: string, elapsedMs: number): void;
  show(view: RunView): void;
  /** Nothing more will be shown. */
  end(): void;
}

export function displayOn(stream: NodeJS.WriteStream): RunDisplay {
  return stream.isTTY ? liveDisplay(stream) : plainDisplay(stream);
}

function liveDisplay(stream: NodeJS.WriteStream): RunDisplay {
  const live = createLogUpdate(stream);
  return {
    note: (line) => {
      live.clear();
      stream.write(`${line}\n`);
    },
    // The live line names the states already.
    entered: () => undefined,
    show: (view) => {
      live(describeView(view));
    },
    end: () => {
      live.clear();
      live.done();
    },
  };
}

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
    show: ({ progress, elapsedMs, bytesPerSecond }) => {
      if (!progress) return;
      const phase = describePhase(progress);
      if (phase === lastPhase) return;
      lastPhase = phase;
      at(elapsedMs, describeProgress(progress, bytesPerSecond));
    },
    end: () => undefined,
  };
}
