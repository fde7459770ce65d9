/** Objects that S3 has archived: what has to be thawed before a restore, how long that takes and what it costs. */
import { countOf, formatBytes } from './format.ts';

/** What HEAD says of an object, as S3 spells it. */
export interface StorageState {
  readonly sizeBytes: number;
  /** Absent: STANDARD. */
  readonly storageClass: string | undefined;
  /** Of an object in INTELLIGENT_TIERING that has sunk to one of its archive tiers. */
  readonly archiveStatus: string | undefined;
  /** `ongoing-request="true"`, or `ongoing-request="false", expiry-date="…"`. */
  readonly restore: string | undefined;
}

/** How many days S3 keeps the thawed copy: time for a restore, and for one more where the first one failed. */
export const THAW_DAYS = 5;

export const THAW_TIER = 'Standard';

interface ThawRate {
  readonly maxHours: number;
  readonly dollarsPerGib: number;
  readonly dollarsPerThousandRequests: number;
}

const HOURS_FLEXIBLE = 5;
const HOURS_DEEP = 12;

/**
 * The tier Standard of each archive. Hours are S3's own upper bounds: Amazon S3 User Guide, "Understanding archive
 * retrieval options" (https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html):
 * 3-5 hours from Glacier Flexible Retrieval and from the Archive Access tier, within 12 hours from Glacier Deep Archive
 * and from the Deep Archive Access tier. Prices are those of us-east-1 in https://aws.amazon.com/s3/pricing/ ("Requests
 * & data retrievals"), as of 2025; other regions cost up to twice as much. Intelligent-Tiering thaws without a fee.
 */
const RATES: Readonly<Record<string, ThawRate>> = {
  GLACIER: { maxHours: HOURS_FLEXIBLE, dollarsPerGib: 0.01, dollarsPerThousandRequests: 0.05 },
  DEEP_ARCHIVE: { maxHours: HOURS_DEEP, dollarsPerGib: 0.02, dollarsPerThousandRequests: 0.1 },
  ARCHIVE_ACCESS: { maxHours: HOURS_FLEXIBLE, dollarsPerGib: 0, dollarsPerThousandRequests: 0 },
  DEEP_ARCHIVE_ACCESS: { maxHours: HOURS_DEEP, dollarsPerGib: 0, dollarsPerThousandRequests: 0 },
};

/** The thawed copy is paid as S3 Standard beside the archived one; us-east-1, same page. */
const STANDARD_DOLLARS_PER_GIB_MONTH = 0.023;
const DAYS_PER_MONTH = 30;
const GIB = 1024 ** 3;

/** Whether GET is refused until somebody has asked for a thaw and the thaw is done. */
export function isFrozen(state: StorageState): boolean {
  return archiveOf(state) !== undefined && !isThawed(state);
}

/** Whether a thaw has been asked for already and is going on. */
export function isThawing({ restore }: StorageState): boolean {
  return restore?.includes('ongoing-request="true"') === true;
}

function isThawed({ restore }: StorageState): boolean {
  return restore?.includes('ongoing-request="false"') === true;
}

/** The archive that an object lies in, by the name that RATES knows it under. */
function archiveOf({ storageClass, archiveStatus }: StorageState): string | undefined {
  if (storageClass === 'INTELLIGENT_TIERING') return archiveStatus;
  return storageClass !== undefined && storageClass in RATES ? storageClass : undefined;
}

/** Whether the copy that a thaw makes goes away by itself, so that the request has to say after how many days. */
function isThawedCopy({ storageClass }: StorageState): boolean {
  return storageClass !== 'INTELLIGENT_TIERING';
}

export interface ThawEstimate {
  /** How many objects have to be thawed; 0: none, and everything else is 0 too. */
  readonly objects: number;
  readonly sizeBytes: number;
  /** By S3's word the longest time until all can be read. */
  readonly hours: number;
  /** Retrieval, requests and the copy for THAW_DAYS days, in US dollars at the prices of us-east-1. */
  readonly dollars: number;
}

/** What a restore has to wait for, and pay. */
export function estimateThaw(states: readonly StorageState[]): ThawEstimate {
  const frozen = states.filter(isFrozen);
  const rates = frozen.map((state) => ({ state, rate: RATES[archiveOf(state) ?? ''] }));
  const dollars = rates.reduce((sum, { state, rate }) => sum + (rate ? dollarsOf(state, rate) : 0), 0);
  return {
    objects: frozen.length,
    sizeBytes: frozen.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    hours: Math.max(0, ...rates.map(({ rate }) => rate?.maxHours ?? 0)),
    dollars: Math.round(dollars * 100) / 100,
  };
}

function dollarsOf(state: StorageState, { dollarsPerGib, dollarsPerThousandRequests }: ThawRate): number {
  const gib = state.sizeBytes / GIB;
  const copy = isThawedCopy(state) ? (gib * STANDARD_DOLLARS_PER_GIB_MONTH * THAW_DAYS) / DAYS_PER_MONTH : 0;
  return gib * dollarsPerGib + dollarsPerThousandRequests / 1000 + copy;
}

/** One sentence for people. */
export function describeThaw({ objects, sizeBytes, hours, dollars }: ThawEstimate): string {
  if (objects === 0) return 'nothing has to be thawed';
  const cost = dollars < 0.01 ? 'less than $0.01' : `about $${dollars.toFixed(2)}`;
  const what = `${countOf(objects, 'archived object')}, ${formatBytes(sizeBytes)}`;
  return `${what}: thawing takes up to ${hours} hours and costs ${cost} (prices of us-east-1, tier ${THAW_TIER})`;
}
