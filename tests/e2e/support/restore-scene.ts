/** A recovery point that was dumped once, and what can be done to its objects. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Dump } from '../../../core/config/schema.ts';
import { Evidence, type ObjectRole, type StoredObject } from '../../../core/manifest.ts';
import { startPostgres, type PostgresOptions, type PostgresServer } from '../../../local/postgres.ts';
import { recordPoint, type TestPoint } from './restore-run.ts';
import type { Keep } from './stop-after-tests.ts';
import { query } from './worker-leftovers.ts';
import { planFor, runWorker } from './worker-run.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from './worker-world.ts';

const ODD = path.join(import.meta.dirname, '../../fixtures/databases/odd.sql');
/** More than the buffers between S3 and the server hold, so that a restore can be met half-way. */
const MEBIBYTES = 8;

interface RestoreScene {
  readonly world: WorkerWorld;
  /** What is dumped. */
  readonly source: PostgresServer;
  /** What is restored into. */
  readonly target: PostgresServer;
}

/** A world and two empty servers of 17. @param options of the servers */
export async function startRestoreScene(
  keep: Keep,
  options: { readonly source?: Partial<PostgresOptions>; readonly target?: Partial<PostgresOptions> } = {},
): Promise<RestoreScene> {
  const [world, source, target] = await Promise.all([
    keep(startWorkerWorld()),
    keep(startPostgres({ major: 17, password: 'secret', ...options.source })),
    keep(startPostgres({ major: 17, password: 'other', ...options.target })),
  ]);
  return { world, source, target };
}

/** A world, and a server of 17 with a database `shop`. */
export async function startShop(keep: Keep): Promise<Omit<RestoreScene, 'target'>> {
  const [world, source] = await Promise.all([
    keep(startWorkerWorld()),
    keep(startPostgres({ major: 17, password: 'secret' })),
  ]);
  await fillShop(source);
  return { world, source };
}

/** Makes the database `shop`: the odd one, and a table of incompressible bytes. */
export async function fillShop(server: PostgresServer): Promise<void> {
  await query(server, 'postgres', 'CREATE DATABASE shop');
  await query(server, 'shop', await readFile(ODD, 'utf8'));
  await query(
    server,
    'shop',
    `CREATE TABLE noise AS SELECT n, bytes FROM generate_series(1, ${MEBIBYTES}) n, LATERAL (
       SELECT decode(string_agg(md5(random()::text || i), ''), 'hex') AS bytes
         FROM generate_series(1, 65536) i WHERE n > 0) random_bytes`,
  );
}

/** @param jobs 1: one archive; more: definitions apart from rows */
export async function dumpShop(world: WorkerWorld, server: PostgresServer, jobs: number): Promise<TestPoint> {
  return dumpDatabase(world, server, 'shop', { jobs });
}

/** @param change of how it is dumped */
export async function dumpDatabase(
  world: WorkerWorld,
  server: PostgresServer,
  database: string,
  change: Partial<Dump> = {},
): Promise<TestPoint> {
  const plan = await planFor(world, server, { databases: [database] });
  return recordPoint(world, await runWorker(world, { ...plan, dump: { ...plan.dump, ...change } }));
}

/** The object of that role, the first where there are several. */
export function objectOf({ dump }: TestPoint, role: ObjectRole): StoredObject {
  const object = dump.objects.find((one) => one.role === role);
  if (object === undefined) throw new Error(`the dump has no ${role}`);
  return object;
}

/** The objects of a point with one in place of its namesake. */
export function withObject({ dump }: TestPoint, object: StoredObject): StoredObject[] {
  return dump.objects.map((one) => (one.key === object.key ? object : one));
}

export async function fetchBytes(world: WorkerWorld, { key, versionId }: StoredObject): Promise<Buffer> {
  const command = new GetObjectCommand({ Bucket: BUCKET, Key: key, VersionId: versionId ?? undefined });
  const { Body } = await world.s3.send(command);
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** Another version under the same key. @returns what a manifest would say of it */
export async function putVersion(world: WorkerWorld, object: StoredObject, bytes: Buffer): Promise<StoredObject> {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  const value = checksum.toString('base64');
  const command = new PutObjectCommand({ Bucket: BUCKET, Key: object.key, Body: bytes, ChecksumCRC32: value });
  const { VersionId } = await world.s3.send(command);
  return {
    ...object,
    versionId: VersionId ?? null,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    checksum: { ...object.checksum, value },
  };
}

/** The evidence as it might be, in place of what it is. */
export async function withEvidence(
  world: WorkerWorld,
  point: TestPoint,
  change: (evidence: Evidence) => Evidence,
): Promise<StoredObject[]> {
  const object = objectOf(point, 'evidence');
  const evidence = Evidence.parse(JSON.parse(gunzipSync(await fetchBytes(world, object)).toString()));
  return withObject(point, await putVersion(world, object, gzipSync(JSON.stringify(change(evidence)))));
}
