/** A run that this command has started. */
export interface StartedRun {
  readonly run: string;
  /** undefined: nobody named one, so the machine takes the only one there is. */
  readonly source: string | undefined;
  readonly executionArn: string;
}
