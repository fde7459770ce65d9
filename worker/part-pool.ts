/** What all uploads of the process share, so that its memory and its disk are bounded whatever is dumped, by however many. */
import { createLendingPool, type LendingPool } from './lending-pool.ts';
import { PART_BUFFER_BYTES } from './part-size.ts';
import { uploadLimits, type UploadLimits } from './upload-limits.ts';

/**
 * The worker's memory is these buffers and some 100 MiB, and has to stay below 128 MiB. A dump's rate is theirs: five of
 * 5 MiB, one of them being filled, pass 150 MB/s to an S3 that takes 0.1 s for a part.
 */
const BUFFERS = 5;

/** One part is written while another one is sent: of the largest parts, 10 GiB of disk. */
const FILES = 2;

export interface PartPool {
  readonly limits: UploadLimits;
  /** Of PART_BUFFER_BYTES each, with what was in them before. */
  readonly buffers: LendingPool<Buffer>;
  /** Permits for parts that are kept on disk. */
  readonly files: LendingPool<symbol>;
  /** Whether somebody waits for a buffer or a file now. */
  readonly starved: boolean;
  /** Parts that are on their way to S3 now. */
  readonly partsOnTheWay: number;
  /** Counts a part while it is sent. */
  sending<Sent>(part: Promise<Sent>): Promise<Sent>;
}

/** @throws InvalidInput */
export function createPartPool(limits: UploadLimits = uploadLimits(process.env)): PartPool {
  const buffers = createLendingPool(BUFFERS, () => Buffer.allocUnsafeSlow(PART_BUFFER_BYTES));
  const files = createLendingPool(FILES, () => Symbol('file'));
  let partsOnTheWay = 0;
  return {
    limits,
    buffers,
    files,
    get partsOnTheWay() {
      return partsOnTheWay;
    },
    sending: async (part) => {
      partsOnTheWay += 1;
      try {
        return await part;
      } finally {
        partsOnTheWay -= 1;
      }
    },
    get starved() {
      return buffers.starved || files.starved;
    },
  };
}
