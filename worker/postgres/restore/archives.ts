/** The archives of one dump, for a restore: what is in them, and where their rows come from. */
import { HoldfastError } from '../../../core/errors.ts';
import type { DatabaseDump, ObjectRole, StoredObject } from '../../../core/manifest.ts';
import { readArchiveToc, type ArchiveToc } from '../../../core/postgres/restore/archive-toc.ts';
import { openStart, readStored, readWhole, type Stored } from '../../restore/stored-object.ts';

/** How much is read before the table of contents is looked for again. */
const FIRST_LOOK_BYTES = 1024 ** 2;
const HEAD_MAX_BYTES = 1024 ** 3;

export interface DumpArchives {
  /** Head and table of contents of the archive that holds the definitions. */
  readonly head: Buffer;
  readonly toc: ArchiveToc;
  /** Archives with rows, the largest first. */
  readonly data: readonly DataArchive[];
}

type Take = (chunk: Uint8Array) => Promise<void>;

export interface DataArchive {
  readonly head: Buffer;
  readonly toc: ArchiveToc;
  /** The definitions are those of its head: whether they are damaged is known only when all of it has been read. */
  readonly hasDefinitions: boolean;
  /**
   * Hands all of it over; rejects when it, or the head that was read before, is not what the manifest says.
   * @param head given in place of its own
   */
  read(head: Uint8Array, signal: AbortSignal, take: Take): Promise<void>;
}

interface Source {
  readonly bucket: string;
  readonly signal: AbortSignal;
  readonly onRead: (sizeBytes: number) => void;
}

/**
 * One archive with everything, or one of definitions and several with rows.
 * @throws RestoreFailed when it is neither, and what reading an object throws
 */
export async function openArchives(dump: DatabaseDump, source: Source): Promise<DumpArchives> {
  const [whole] = objectsOf(dump, 'archive');
  if (whole !== undefined) {
    const head = await readHead({ bucket: source.bucket, object: whole }, source.signal);
    return { ...head, data: [dataArchive(whole, head, true, source)] };
  }
  const [schema] = objectsOf(dump, 'schema');
  if (schema === undefined)
    throw new HoldfastError('RestoreFailed', `the dump of ${dump.database} has neither an archive nor a schema`);
  const head = await readWhole({ bucket: source.bucket, object: schema }, source.signal);
  const toc = readArchiveToc(head);
  if (toc === undefined) throw endsInToc(schema);
  const objects = objectsOf(dump, 'data').sort((a, b) => b.sizeBytes - a.sizeBytes);
  const data = objects.map(async (object) => {
    return dataArchive(object, await readHead({ bucket: source.bucket, object }, source.signal), false, source);
  });
  return { head, toc, data: await Promise.all(data) };
}

export function objectsOf({ objects }: DatabaseDump, role: ObjectRole): StoredObject[] {
  return objects.filter((object) => object.role === role);
}

function dataArchive(
  object: StoredObject,
  { head, toc }: ArchiveHead,
  hasDefinitions: boolean,
  { bucket, onRead }: Source,
): DataArchive {
  return {
    head,
    toc,
    hasDefinitions,
    read: async (newHead, signal, take) => {
      const read = { sizeBytes: 0, isSame: true };
      await readStored({ bucket, object }, signal, async (chunk) => {
        onRead(chunk.length);
        if (read.sizeBytes === 0) await take(newHead);
        const ofHead = chunk.subarray(0, toc.sizeBytes - read.sizeBytes);
        read.isSame &&= head.subarray(read.sizeBytes, read.sizeBytes + ofHead.length).equals(ofHead);
        read.sizeBytes += ofHead.length;
        if (ofHead.length < chunk.length) await take(chunk.subarray(ofHead.length));
      });
      if (read.isSame) return;
      throw new HoldfastError(
        'ChecksumMismatch',
        `${object.key} was read twice, and the first time it had another head`,
      );
    },
  };
}

interface ArchiveHead {
  readonly head: Buffer;
  readonly toc: ArchiveToc;
}

/** The rest is read only where the head makes no sense: then its hash says whether the object is damaged. */
async function readHead(stored: Stored, signal: AbortSignal): Promise<ArchiveHead> {
  try {
    return await findHead(stored, signal);
  } catch (error) {
    await readStored(stored, signal, () => Promise.resolve());
    throw error;
  }
}

async function findHead(stored: Stored, signal: AbortSignal): Promise<ArchiveHead> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let lookAt = FIRST_LOOK_BYTES;
  for await (const chunk of await openStart(stored, signal)) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes < lookAt) continue;
    const found = headIn(Buffer.concat(chunks));
    if (found) return found;
    if (sizeBytes > HEAD_MAX_BYTES) break;
    lookAt = sizeBytes * 2;
  }
  const found = headIn(Buffer.concat(chunks));
  if (found) return found;
  throw endsInToc(stored.object);
}

const endsInToc = ({ key }: Pick<StoredObject, 'key'>): HoldfastError =>
  new HoldfastError('RestoreFailed', `${key} ends inside its table of contents`);

function headIn(bytes: Buffer): ArchiveHead | undefined {
  const toc = readArchiveToc(bytes);
  return toc && { head: bytes.subarray(0, toc.sizeBytes), toc };
}
