import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { collectStderr, type CollectedStderr } from '../../../worker/postgres/collect-stderr.ts';

async function collect(said: string, secrets: readonly string[] = [], chunkBytes = 4096): Promise<CollectedStderr> {
  const stream = new PassThrough();
  const collected = collectStderr(stream, secrets);
  const bytes = Buffer.from(said);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    if (!stream.write(bytes.subarray(at, at + chunkBytes))) await once(stream, 'drain');
  }
  stream.end();
  await collected.ended;
  return collected;
}

test('of a statement with a thousand tables the beginning stays, and what was said before it', async () => {
  const tables = Array.from({ length: 2_000 }, (_, n) => `public.a_table_of_very_many_${n}`).join(', ');
  const failed = 'pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout';
  const query = `pg_dump: detail: Query was: LOCK TABLE ${tables} IN ACCESS SHARE MODE`;
  const [first, second = '', ...rest] = (await collect(`${failed}\n${query}\n`)).text().split('\n');
  expect(first).toBe(failed);
  expect(second).toMatch(/^pg_dump: detail: Query was: LOCK TABLE public\.a_table_of_very_many_0, .*…$/);
  expect(second).toHaveLength(1_000);
  expect(rest).toEqual(['']);
});

test('of very many lines the last ones stay, and the first warnings', async () => {
  const lines = Array.from({ length: 5_000 }, (_, n) => `pg_dump: warning: number ${n}`);
  const collected = await collect(`${lines.join('\n')}\nthe last, without an end`);
  const kept = collected.text().split('\n');
  expect(kept).toHaveLength(201);
  expect(kept.slice(-2)).toEqual(['pg_dump: warning: number 4999', 'the last, without an end']);
  expect(collected.warnings()[0]).toBe('pg_dump: warning: number 0');
});

test('a secret does not show wherever a line is cut', async () => {
  const secret = 'open sesame';
  for (let at = 970; at < 1_030; at++) {
    const line = `${'.'.repeat(at)}${secret}${secret}${'x'.repeat(2_000)}`;
    const text = (await collect(`${secret} warning: ${secret}\n${line}\n`, [secret], 7)).text();
    expect(text).not.toMatch(/ope?n?(?: |$|…)|sesame/);
    expect(text.split('\n')[0]).toBe('*** warning: ***');
  }
});
