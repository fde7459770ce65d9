import { createLogUpdate } from 'log-update';
import { plainDisplay, type RunDisplay } from './run-display.ts';
import { describeView } from './run-view.ts';

/** One live line where there is a terminal, else a line for each change. */
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
