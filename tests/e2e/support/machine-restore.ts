/** A recovery point brought back as a person would without Holdfast: S3, the manifest and PostgreSQL's own programs. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import type { DatabaseDump, ObjectRole } from '../../../core/manifest.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { locateToolchain } from '../../../local/toolchain.ts';
import type { MachineWorld } from './machine-world.ts';
import { digestDatabase, type Digest } from './worker-digest.ts';
import { query } from './worker-leftovers.ts';

/** Fetches just the version that was verified, and checks it against the manifest. @throws Error when it differs */
export async function download(
  { stack }: MachineWorld,
  dump: DatabaseDump,
  role: ObjectRole,
  directory: string,
): Promise<string> {
  const object = dump.objects.find((one) => one.role === role);
  if (!object?.versionId) throw new Error(`the manifest names no version of a ${role}`);
  const { Body } = await stack.clients.s3.send(
    new GetObjectCommand({ Bucket: stack.info.bucket, Key: object.key, VersionId: object.versionId }),
  );
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== object.sha256 || bytes.length !== object.sizeBytes) {
    throw new Error(`${object.key} has ${bytes.length} bytes of SHA-256 ${sha256}, not what its manifest says`);
  }
  const file = path.join(directory, path.basename(object.key));
  await writeFile(file, bytes);
  return file;
}

/** "pg_dump 17.11" → 17 */
export function clientMajorOf({ client }: DatabaseDump): number {
  return Number(/^pg_dump (\d+)\./.exec(client)?.[1]);
}

/** Runs a program of that major against a server. @returns what it said to stdout */
export async function runClient(
  server: PostgresServer,
  major: number,
  program: string,
  args: readonly string[],
): Promise<string> {
  const { pgRoot } = await locateToolchain();
  const { stdout } = await execa(path.join(pgRoot, String(major), 'bin', program), args, {
    env: {
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGPASSWORD: server.password,
      PGDATABASE: 'postgres',
    },
    stdin: 'ignore',
  });
  return stdout;
}

export interface Content {
  readonly rows: Digest;
  /** Every definition, privilege and comment, as pg_dump writes them. */
  readonly schema: readonly string[];
  readonly sequences: readonly unknown[];
  /** How many relations there are of each kind. */
  readonly relations: readonly unknown[];
  readonly comments: readonly unknown[];
}

/** All that can be said of a database's content; equal for a database and its restored copy. */
export async function contentOf(server: PostgresServer, database: string, clientMajor: number): Promise<Content> {
  const connection = `dbname='${database.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const schema = await runClient(server, clientMajor, 'pg_dump', ['--schema-only', `--dbname=${connection}`]);
  const sequences = await query(server, database, SEQUENCES_SQL);
  return {
    rows: await digestDatabase(server, database),
    // The keys of \restrict are random.
    schema: schema.split('\n').filter((line) => !/^\\(un)?restrict /.test(line)),
    sequences: await query(server, database, sequences.map(({ sql }) => String(sql)).join(' UNION ALL ')),
    relations: await query(server, database, RELATIONS_SQL),
    comments: await query(server, database, COMMENTS_SQL),
  };
}

const SEQUENCES_SQL = `
SELECT format('SELECT %L AS name, last_value, is_called FROM %1$s', c.oid::regclass) AS sql
  FROM pg_class c WHERE relkind = 'S' ORDER BY c.oid::regclass::text COLLATE "C"`;

const RELATIONS_SQL = `
SELECT relkind, relpersistence, count(*) FROM pg_class WHERE oid >= 16384 AND relkind <> 't' GROUP BY 1, 2 ORDER BY 1, 2`;

const COMMENTS_SQL = `
SELECT pg_describe_object(classoid, objoid, objsubid) AS object, description FROM pg_description
 WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass ORDER BY 1, 2`;
