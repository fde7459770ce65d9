/** The evidence of a dump, as it is stored. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { GetObjectCommand, NoSuchKey } from '@aws-sdk/client-s3';
import { Evidence, type DatabaseDump } from '../core/manifest.ts';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';

/** @returns undefined where the dump has none, or S3 no longer holds it */
export async function readEvidence({ objects }: DatabaseDump): Promise<Evidence | undefined> {
  const object = objects.find(({ role }) => role === 'evidence');
  if (!object) return undefined;
  try {
    const { Body } = await s3().send(
      new GetObjectCommand({
        Bucket: bucketName(),
        Key: object.key,
        ...(object.versionId !== null && { VersionId: object.versionId }),
      }),
    );
    const content = await promisify(gunzip)((await Body?.transformToByteArray()) ?? new Uint8Array());
    return Evidence.parse(JSON.parse(content.toString('utf8')));
  } catch (error) {
    if (error instanceof NoSuchKey || (error instanceof Error && error.name === 'NoSuchVersion')) return undefined;
    throw error;
  }
}
