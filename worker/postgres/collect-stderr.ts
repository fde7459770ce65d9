/**
 * Keeps what a client program says, within bounds: its last lines for an error, its first warnings for the manifest. Of a
 * line it keeps the head: pg_dump repeats the statement that failed, and the one that locks a thousand tables is longer
 * than all that is worth keeping.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { lineHead, lineHeadLength, warningsOf } from '../../core/postgres/stderr.ts';

const LINES_MAX = 200;
const WARNINGS_LENGTH_MAX = 16_384;

export interface CollectedStderr {
  /** Settles when the stream has ended, whether well or not. */
  readonly ended: Promise<void>;
  /** Its last lines, redacted, of each the head. */
  text(): string;
  /** Redacted, bounded. */
  warnings(): string[];
}

/** @param secrets words that must not be shown */
export function collectStderr(stream: Readable, secrets: readonly string[]): CollectedStderr {
  const decoder = new StringDecoder('utf8');
  const keptMax = lineHeadLength(secrets);
  const last: string[] = [];
  let line = '';
  let warnings = '';
  const endLine = (): void => {
    const head = lineHead(line, secrets);
    line = '';
    last.push(head);
    if (last.length > LINES_MAX) last.shift();
    if (warningsOf(head).length > 0 && warnings.length < WARNINGS_LENGTH_MAX) warnings += `${head}\n`;
  };
  const take = (text: string): void => {
    for (const [index, piece] of text.split('\n').entries()) {
      if (index > 0) endLine();
      line += piece.slice(0, keptMax - line.length);
    }
  };
  stream.on('data', (chunk: Buffer) => {
    take(decoder.write(chunk));
  });
  const ended = new Promise<void>((resolve) => {
    stream.once('close', resolve);
    // What was said until then is all there is.
    stream.once('error', () => {
      resolve();
    });
  });
  const unfinished = (): string => lineHead(line, secrets);
  return {
    ended,
    text: () => [...last, unfinished()].join('\n'),
    warnings: () => warningsOf(`${warnings}${unfinished()}`),
  };
}
