/** Restores what the demo stored, with stock tools, and compares it with the database that was backed up. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import Table from 'cli-table3';
import type { Manifest, StoredObject } from '../../core/manifest.ts';
import { countRows, createDatabase, restoreArchive } from './database.ts';
import { DATABASE, type Shop } from './shop.ts';
import { fact } from './terminal.ts';

const RESTORED = 'shop_restored';

/** @throws Error when a checksum or a row count differs */
export async function restoreAndCompare(shop: Shop, manifest: Manifest, directory: string): Promise<void> {
  const archive = manifest.dumps[0]?.objects.find(({ role }) => role === 'archive');
  if (!archive) throw new Error('the manifest names no archive');
  const file = path.join(directory, 'archive.dump');
  await download(shop, archive, file);
  fact(`fetched ${archive.key}, its SHA-256 is the manifest's`);
  await createDatabase(shop.server, RESTORED);
  const startedMs = Date.now();
  await restoreArchive(shop.server, RESTORED, file);
  fact(`pg_restore --exit-on-error into database ${RESTORED} took ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  compare(await countRows(shop.server, DATABASE), await countRows(shop.server, RESTORED));
}

async function download({ clients, stack }: Shop, object: StoredObject, file: string): Promise<void> {
  const { Body } = await clients.s3.send(
    new GetObjectCommand({
      Bucket: stack.bucket,
      Key: object.key,
      ...(object.versionId !== null && { VersionId: object.versionId }),
    }),
  );
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== object.sha256)
    throw new Error(`${object.key} has SHA-256 ${sha256}, the manifest says ${object.sha256}`);
  await writeFile(file, bytes);
}

function compare(original: ReadonlyMap<string, number>, restored: ReadonlyMap<string, number>): void {
  const table = new Table({ head: ['table', 'rows before', 'rows restored', ''], style: { head: [], border: [] } });
  let equal = original.size === restored.size;
  for (const [name, rows] of original) {
    const same = restored.get(name) === rows;
    equal &&= same;
    table.push([name, rows, restored.get(name) ?? 'missing', same ? 'equal' : 'DIFFERENT']);
  }
  for (const line of table.toString().split('\n')) fact(line);
  if (!equal) throw new Error('the restored database differs from the one that was backed up');
}
