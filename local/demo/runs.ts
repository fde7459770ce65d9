/** The demo's runs, started as anybody would start them: with the command line. */
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { manifestKey } from '../../core/keys.ts';
import { Manifest } from '../../core/manifest.ts';
import { awaitMail } from './mailbox.ts';
import { countRows, dropTable } from './database.ts';
import { DATABASE, SOURCE, TARGET, type Shop } from './shop.ts';
import { box, fact, step } from './terminal.ts';

const LOST_TABLE = 'events';

const CLI = path.join(import.meta.dirname, '../../cli/holdfast.mjs');

/** @returns the manifest of the recovery point. @throws Error when the run did not succeed */
export async function backUp(shop: Shop): Promise<Manifest> {
  step('A backup, as before a release: holdfast backup shop --label "before 4.2" --wait');
  const exitCode = await holdfast(shop, ['backup', SOURCE, '--label', 'before 4.2', '--wait']);
  if (exitCode !== 0) throw new Error(`the backup ended with exit code ${exitCode}`);

  step('The mail that people get');
  const mail = await awaitMail(shop.clients.sqs, shop.stack.mailbox, 'succeeded');
  box(mail.subject, mail.text);

  step('The recovery point: what is stored, and who says that it is good');
  const manifest = await newestManifest(shop);
  await holdfast(shop, ['show', manifest.run]);
  return manifest;
}

/** Proves the recovery point. @throws Error when the test did not pass */
export async function testRestore(shop: Shop): Promise<void> {
  step(
    'The proof: the point is restored into a throwaway Postgres, compared, and timed: holdfast restore-test shop --wait',
  );
  const exitCode = await holdfast(shop, ['restore-test', SOURCE, '--wait']);
  if (exitCode !== 0) throw new Error(`the restore test ended with exit code ${exitCode}`);
  const mail = await awaitMail(shop.clients.sqs, shop.stack.mailbox, 'succeeded');
  box(mail.subject, mail.text);
}

/** Loses a table and brings it back through the deployed machine. @throws Error when its rows are not what they were */
export async function restoreTable(shop: Shop): Promise<void> {
  step(`Somebody drops the table ${LOST_TABLE}; one command brings it back, beside everything that is still there`);
  const rows = (await countRows(shop.server, DATABASE)).get(LOST_TABLE);
  await dropTable(shop.server, DATABASE, LOST_TABLE);
  fact(`DROP TABLE ${LOST_TABLE}: ${rows ?? 0} rows are gone`);
  const where = ['--target', TARGET, '--to-database', DATABASE, '--table', `public.${LOST_TABLE}`];
  const exitCode = await holdfast(shop, ['restore', SOURCE, ...where, '--allow-not-empty', '--wait']);
  if (exitCode !== 0) throw new Error(`the restore ended with exit code ${exitCode}`);
  const restored = (await countRows(shop.server, DATABASE)).get(LOST_TABLE);
  if (restored !== rows) throw new Error(`${LOST_TABLE} had ${rows ?? 0} rows and has ${restored ?? 0}`);
  fact(`${LOST_TABLE} is back, with its ${restored ?? 0} rows`);
}

/** Backs up with a password that the server refuses. @throws Error when that is reported as a success */
export async function failToBackUp(shop: Shop): Promise<void> {
  step('The same with a password that somebody has changed: it must fail, and say so');
  await shop.breakPassword();
  const exitCode = await holdfast(shop, ['backup', SOURCE, '--wait']);
  if (exitCode === 0) throw new Error('a backup with a wrong password was reported as a success');
  fact(`exit code ${exitCode}`);
  const mail = await awaitMail(shop.clients.sqs, shop.stack.mailbox, 'failed');
  box(mail.subject, mail.text);
}

async function holdfast({ env }: Shop, args: readonly string[]): Promise<number> {
  const { exitCode = 1 } = await execa(process.execPath, [CLI, ...args], {
    env,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
  });
  return exitCode;
}

async function newestManifest({ clients, stack, env }: Shop): Promise<Manifest> {
  const { stdout } = await execa(process.execPath, [CLI, 'list', SOURCE, '--limit', '1', '--json'], { env });
  const { runs } = JSON.parse(stdout) as { runs: { source: string; run: string; startedAt: string }[] };
  const [newest] = runs;
  if (!newest) throw new Error('holdfast list shows no run');
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: stack.bucket, Key: manifestKey(newest) }));
  return Manifest.parse(JSON.parse((await Body?.transformToString()) ?? ''));
}
