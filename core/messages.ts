/**
 * What a run has to say, for a person and for a program. The mail answers in this order: what happened, why, what still
 * protects the data, what to do.
 */
import { formatBytes, countOf } from './format.ts';
import { toEvent, type RunEvent } from './message-event.ts';
import type { MessageInput, MessageOutcome } from './message-input.ts';
import { composeText } from './message-text.ts';
import { UNKNOWN_SOURCE } from './keys.ts';
import type { RestoreEvent } from './restore-event.ts';
import type { RunRow } from './run-record.ts';
import type { WorkKind } from './work-row.ts';

export interface Message {
  /** ASCII, one line, under 100 characters: what SNS takes as the subject of a mail. */
  readonly subject: string;
  readonly text: string;
  /** The same for programs. */
  readonly json: RunEvent | RestoreEvent;
  /** Message attributes, by which subscriptions filter. */
  readonly attributes: { readonly source: string; readonly kind: WorkKind; readonly outcome: MessageOutcome };
}

const SUBJECT_MAX = 99;

/** Composes the message about a run's row as it is: begun, or ended. Deterministic. */
export function composeMessage(input: MessageInput): Message {
  const { run } = input;
  const outcome = run.status === 'running' ? 'started' : run.status;
  return {
    subject: subjectOf(run.source, outcome, subjectDetail(run, outcome)),
    text: composeText(input),
    json: toEvent(input, outcome),
    attributes: { source: run.source, kind: 'backup', outcome },
  };
}

/** @param detail may be empty */
export function subjectOf(name: string, outcome: MessageOutcome, detail: string): string {
  const source = name === UNKNOWN_SOURCE ? '(no source)' : name;
  const subject = `[holdfast] ${outcome.toUpperCase()} ${source}${detail === '' ? '' : `: ${detail}`}`;
  const ascii = subject.replace(/[^\x20-\x7e]+/g, '?');
  return ascii.length <= SUBJECT_MAX ? ascii : `${ascii.slice(0, SUBJECT_MAX - 3)}...`;
}

function subjectDetail(run: RunRow, outcome: MessageOutcome): string {
  if (outcome === 'started') return '';
  if (outcome !== 'succeeded') {
    const part = run.verdict === 'partial' || run.verdict === 'suspect' ? `, ${run.verdict}` : '';
    return `${run.failure?.code ?? 'UnexpectedError'}${part}`;
  }
  if (run.verdict === 'snapshot-only') return 'snapshot only, no dump';
  const dumps = run.dumps ?? [];
  const sizeBytes = dumps.flatMap(({ objects }) => objects).reduce((sum, object) => sum + object.sizeBytes, 0);
  return `${countOf(dumps.length, 'database')} verified, ${formatBytes(sizeBytes)}`;
}
