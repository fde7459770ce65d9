/** What a run left in S3, taken as a person with stock tools would take it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DatabaseDump, Evidence, type ObjectRole } from '../../../core/manifest.ts';
import { walkArchive } from '../../../core/postgres/archive-walker.ts';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import type { WorkerResult } from './worker-run.ts';
import { BUCKET, type WorkerWorld } from './worker-world.ts';

const AWS_COMMAND = path.join(import.meta.dirname, '../../fixtures/aws');

/**
 * The one database's dump of a run that went well.
 * @throws Error with the worker's output when it did not
 */
export function onlyDump({ outcome, code, output }: WorkerResult): DatabaseDump {
  const [database, ...others] = outcome?.databases ?? [];
  const good = code === 0 && outcome?.failure === null && database?.status === 'dumped' && others.length === 0;
  if (!good) throw new Error(`the worker did not dump one database: ${output}`);
  return DatabaseDump.parse(database);
}

export async function fetchObject(world: WorkerWorld, dump: DatabaseDump, role: ObjectRole): Promise<Buffer> {
  return fetchKey(world, dump.objects.find((object) => object.role === role)?.key);
}

async function fetchKey(world: WorkerWorld, Key: string | undefined): Promise<Buffer> {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** What its archives hold: file names with the entries that have data, as `TABLE DATA public.item`, in order of their names. */
export async function fetchEntries(world: WorkerWorld, { objects }: DatabaseDump): Promise<Record<string, string[]>> {
  const entries: Record<string, string[]> = {};
  for (const { key, role } of objects) {
    if (role !== 'archive' && role !== 'schema' && role !== 'data') continue;
    entries[path.basename(key)] = entriesOf(await fetchKey(world, key));
  }
  return entries;
}

/** Of a whole archive. */
export function entriesOf(archive: Buffer): string[] {
  const names: string[] = [];
  const walker = walkArchive((name) => names.push(name));
  walker.take(archive);
  const end = walker.end();
  if (end.status !== 'whole') throw new Error(`the archive is not whole: ${JSON.stringify(end)}`);
  return names.sort();
}

export async function fetchEvidence(world: WorkerWorld, dump: DatabaseDump): Promise<Evidence> {
  return Evidence.parse(JSON.parse(gunzipSync(await fetchObject(world, dump, 'evidence')).toString()));
}

/** Runs them as docs/restoring.md has a person paste them: joined, in one shell, in a folder of its own. */
export async function paste(
  world: WorkerWorld,
  commands: readonly string[],
  target: PostgresServer,
  clientMajor: number,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-restore-'));
  const clients = path.join(world.toolchain.pgRoot, String(clientMajor), 'bin');
  const env = {
    PATH: [AWS_COMMAND, clients, path.dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
    AWS_ENDPOINT_URL: world.emulator.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGPASSWORD: target.password,
  };
  try {
    await promisify(execFile)('/bin/sh', ['-c', commands.join(' &&\n')], { cwd: folder, env });
  } finally {
    await rm(folder, { recursive: true });
  }
}
