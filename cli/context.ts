/** What every command is given: where Holdfast is deployed, and how to speak. */
import type { Deployment } from '../aws/deployment.ts';
import type { RunDisplay } from './run-display.ts';

export interface Context {
  readonly deployment: Deployment;
  /** Shows what goes on while a command waits. */
  readonly display: RunDisplay;
  /** A line that a person can paste to run another command on the same deployment. */
  readonly commandLine: (command: string) => string;
  /** From now on Ctrl-C aborts the signal, where it would have ended the process. */
  readonly catchInterrupt: () => AbortSignal;
}
