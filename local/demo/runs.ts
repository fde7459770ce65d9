/** The demo's two runs, started as anybody would start them: with the command line. */
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { manifestKey } from '../../core/keys.ts';
import { Manifest } from '../../core/manifest.ts';
import { awaitMail } from './mailbox.ts';
import { SOURCE, type Shop } from './shop.ts';
import { box, fact, step } from './terminal.ts';

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
