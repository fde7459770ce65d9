/** Keeps what a client program says, within bounds: its last bytes for an error, its first warnings for the manifest. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { redact, warningsOf } from '../../core/postgres/stderr.ts';

const TAIL_LENGTH_MAX = 16_384;
const WARNINGS_LENGTH_MAX = 16_384;

export interface CollectedStderr {
  /** Settles when the stream has ended, whether well or not. */
  readonly ended: Promise<void>;
  /** The last of it, redacted. */
  text(): string;
  /** Redacted, bounded. */
  warnings(): string[];
}

/** @param secrets words that must not be shown */
export function collectStderr(stream: Readable, secrets: readonly string[]): CollectedStderr {
  const decoder = new StringDecoder('utf8');
  let tail = '';
  let line = '';
  let warnings = '';
  const take = (text: string): void => {
    tail = (tail + text).slice(-TAIL_LENGTH_MAX);
    const lines = (line + text).split('\n');
    line = (lines.pop() ?? '').slice(-TAIL_LENGTH_MAX);
    for (const complete of lines) {
      if (warningsOf(complete).length > 0 && warnings.length < WARNINGS_LENGTH_MAX) warnings += `${complete}\n`;
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
  return {
    ended,
    text: () => redact(tail, secrets),
    warnings: () => warningsOf(redact(`${warnings}${line}`, secrets)),
  };
}
