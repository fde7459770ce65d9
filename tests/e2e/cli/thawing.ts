/** A point whose objects S3 has archived: what is said before, what is refused, and a restore that waits for the thaw. */
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type StorageClass } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DatabaseDump, ObjectRole, StoredObject } from '../../../core/manifest.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { rowsOfSource, rowsStarting } from '../support/machine-run.ts';
import type { TestStack } from '../support/stack.ts';
import { query } from '../support/worker-leftovers.ts';
import { holdfast, holdfastJson, type Environment } from './holdfast.ts';

export interface ThawingWorld {
  readonly stack: TestStack;
  readonly server: PostgresServer;
  /** Has libpq's variables for the server. */
  readonly laptop: Environment;
}

/** The machine looks every five minutes; here every second. */
const WAIT_SCALE = 1 / 300;

/** The evidence stays warm, as what is small does. */
const CLASSES: Readonly<Partial<Record<ObjectRole, StorageClass>>> = { archive: 'GLACIER', roles: 'DEEP_ARCHIVE' };

/** @param given a database `shop` with a table `item` of 1234 rows, and the restore target `staging` */
export function testThaw(given: () => ThawingWorld): void {
  describe('a point that is archived', () => {
    let point: string;
    let frozen: readonly StoredObject[];
    beforeAll(async () => {
      const { stack } = given();
      point = String((await holdfastJson(stack.env, 'backup', 'shop', '--wait')).document['run']);
      frozen = await archive(given(), point);
    });

    const restore = (...more: readonly string[]): ReturnType<typeof holdfast> =>
      holdfast(
        given().stack.env,
        ...['restore', 'shop', '--point', point, '--target', 'staging', '--to-database', 'thawed', ...more],
      );

    const thawsOf = async (): Promise<readonly (string | undefined)[]> => {
      const { clients, info } = given().stack;
      const heads = frozen.map(({ key, versionId }) =>
        clients.s3.send(new HeadObjectCommand({ Bucket: info.bucket, Key: key, VersionId: versionId ?? '' })),
      );
      return (await Promise.all(heads)).map(({ Restore }) => Restore);
    };

    test('says how long its thaw takes and what it costs, and nothing is started', async () => {
      const { code, stdout } = await restore('--dry-run');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^nothing was started; this is what would be restored$/m);
      expect(stdout).toMatch(
        /^ *thaw +2 archived objects, [\d.]+ KiB: thawing takes up to 12 h and costs less than \$0\.01 \(tier Standard; us-east-1 prices, as of June 2026\)$/m,
      );
      expect(await thawsOf()).toEqual([undefined, undefined]);
      expect((await rowsStarting(given(), 'shop', 'RESTORE#')).map(({ plan }) => plan)).not.toContainEqual(
        expect.objectContaining({ toDatabase: 'thawed' }),
      );
    });

    test('cannot be hurried where S3 knows no haste', async () => {
      const { code, stderr } = await restore('--dry-run', '--thaw-tier', 'Expedited');
      expect(code).toBe(2);
      expect(stderr).toContain('thawTier: S3 offers no Expedited for DEEP_ARCHIVE, only Standard');
    });

    test('is not thawed by a test, nor from a laptop, nor to be verified', async () => {
      const { stack, laptop } = given();
      const proof = await holdfastJson(stack.env, 'restore-test', 'shop', '--point', point, '--wait');
      expect(proof.code).toBe(43);
      expect(proof.document).toMatchObject({ error: { message: expect.stringMatching(/is archived .*up to 12 h/) } });
      const local = await holdfast(laptop, 'restore', 'shop', '--local', '--point', point, '--to-database', 'thawed');
      expect(local.code).toBe(41);
      expect(local.stderr).toContain('restore it through the machine, which thaws');
      const verified = await holdfast(stack.env, 'verify', point);
      expect(verified.code).toBe(43);
      expect(verified.stdout).toMatch(/^shop +evidence .* equal$/m);
      expect(await thawsOf()).toEqual([undefined, undefined]);
    });

    test('is thawed by the machine, which waits until everything can be read', async () => {
      const { stack, server } = given();
      await scaleWaits(stack, WAIT_SCALE);
      const { code, stdout, stderr } = await restore('--wait');
      await scaleWaits(stack, 1);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/ThawObjects\n(.*WaitForThaw\n.*CheckThaw\n)+.*RunRestore\n/);
      expect(await thawsOf()).toEqual(Array(2).fill(expect.stringContaining('ongoing-request="false"')));
      expect(await query(server, 'thawed', 'SELECT count(*)::int AS count FROM item')).toEqual([{ count: 1234 }]);
      const rows = await rowsStarting(given(), 'shop', 'RESTORE#');
      expect(rows.at(-1)).toMatchObject({ status: 'succeeded', plan: { thaw: { tier: 'Standard' } } });
    });
  });
}

/** As lifecycle rules do, but for the version: theirs stays. @returns the objects that cannot be read any more */
async function archive({ stack }: ThawingWorld, run: string): Promise<readonly StoredObject[]> {
  const row = (await rowsOfSource({ stack }, 'shop')).find((each) => each.run === run);
  if (!row?.dumps) throw new Error(`run ${run} left no dump`);
  const { pk, sk } = row;
  const dumps: DatabaseDump[] = [];
  for (const dump of row.dumps) {
    dumps.push({ ...dump, objects: await Promise.all(dump.objects.map((object) => archiveObject(stack, object))) });
  }
  await stack.clients.dynamo.send(
    new UpdateCommand({
      TableName: stack.info.table,
      Key: { pk, sk },
      UpdateExpression: 'SET dumps = :dumps',
      ExpressionAttributeValues: { ':dumps': dumps },
    }),
  );
  return dumps.flatMap(({ objects }) => objects).filter(({ role }) => CLASSES[role]);
}

async function archiveObject({ clients, info }: TestStack, object: StoredObject): Promise<StoredObject> {
  const storageClass = CLASSES[object.role];
  if (!storageClass) return object;
  const address = { Bucket: info.bucket, Key: object.key };
  const { Body } = await clients.s3.send(new GetObjectCommand(address));
  const put = { Body: (await Body?.transformToByteArray()) ?? '', ChecksumAlgorithm: 'CRC32' } as const;
  const { VersionId } = await clients.s3.send(new PutObjectCommand({ ...address, ...put, StorageClass: storageClass }));
  return { ...object, versionId: VersionId ?? null };
}

/** Of the Wait states of all machines of this stack, from now on. */
async function scaleWaits({ info }: TestStack, scale: number): Promise<void> {
  const body = JSON.stringify({ 'stepfunctions._SFN_WAIT_SCALE': scale });
  await fetch(`${info.endpoint}/_ministack/config`, { method: 'POST', body });
}
