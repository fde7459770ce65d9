/** The folders of runs in the bucket, as S3 lists them. */
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { runPrefix } from '../core/keys.ts';
import type { RunRow } from '../core/run-record.ts';
import { s3 } from './clients.ts';

export interface RunFolder {
  /** `<source>/<yyyy>/<mm>/<dd>/<run>/` */
  readonly prefix: string;
  readonly run: string;
}

/** The sources that have objects in the bucket, also those that are not configured any more. */
export async function sourcesInBucket(Bucket: string): Promise<string[]> {
  const sources: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3() }, { Bucket, Delimiter: '/' })) {
    sources.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix.slice(0, -1)));
  }
  return sources;
}

/** @param day `yyyy-mm-dd`, UTC: when the runs were started */
export async function runFoldersOfDay(Bucket: string, source: string, day: string): Promise<RunFolder[]> {
  const Prefix = `${source}/${day.replaceAll('-', '/')}/`;
  const folders: RunFolder[] = [];
  for await (const page of paginateListObjectsV2({ client: s3() }, { Bucket, Prefix, Delimiter: '/' })) {
    for (const { Prefix: prefix = '' } of page.CommonPrefixes ?? []) {
      folders.push({ prefix, run: prefix.slice(Prefix.length, -1) });
    }
  }
  return folders;
}

/** So many folders are listed at once. */
const LISTED_AT_ONCE = 10;

/** In which storage class each object of the runs is, by its key. Runs that left no dump are not looked for. */
export async function storageClassesOf(Bucket: string, runs: readonly RunRow[]): Promise<ReadonlyMap<string, string>> {
  const prefixes = runs.flatMap((run) => (run.dumps?.length ? [runPrefix(run)] : []));
  const classes = new Map<string, string>();
  const list = async (Prefix: string): Promise<void> => {
    for await (const page of paginateListObjectsV2({ client: s3() }, { Bucket, Prefix })) {
      for (const { Key = '', StorageClass = 'STANDARD' } of page.Contents ?? []) classes.set(Key, StorageClass);
    }
  };
  for (let start = 0; start < prefixes.length; start += LISTED_AT_ONCE) {
    await Promise.all(prefixes.slice(start, start + LISTED_AT_ONCE).map(list));
  }
  return classes;
}
