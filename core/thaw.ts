/** Objects that S3 has archived: what has to be thawed before a restore, how long that takes and what it costs. */
import { HoldfastError } from './errors.ts';
import { countOf, formatBytes, formatDuration } from './format.ts';

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

/** How fast S3 thaws, in its own words. Its third tier, Bulk, takes up to two days, and saves a cent or two a GiB. */
export const THAW_TIERS = ['Standard', 'Expedited'] as const;
export type ThawTier = (typeof THAW_TIERS)[number];

interface ThawRate {
  readonly hours: number;
  readonly dollarsPerGib: number;
  readonly dollarsPerThousandRequests: number;
}

const HOURS_EXPEDITED = 5 / 60;

/**
 * What S3 asks and promises, by archive and tier; a tier that is missing is not offered. GLACIER is Glacier Flexible
 * Retrieval. Glacier Instant Retrieval and the other classes are read without a thaw.
 *
 * Hours: Amazon S3 User Guide, "Understanding archive retrieval options"
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html): typically 3 to 5 hours,
 * or 1 to 5 minutes, from Glacier Flexible Retrieval and from the tier Archive Access of Intelligent-Tiering; within 12
 * hours from Glacier Deep Archive and from the tier Deep Archive Access.
 *
 * Dollars: us-east-1 in https://aws.amazon.com/s3/pricing/, "Requests & data retrievals", with an example in
 * https://repost.aws/knowledge-center/s3-manage-data-retrieval. Of Intelligent-Tiering only Expedited costs anything.
 */
const RATES: Readonly<Record<string, Partial<Record<ThawTier, ThawRate>>>> = {
  GLACIER: {
    Standard: { hours: 5, dollarsPerGib: 0.01, dollarsPerThousandRequests: 0.05 },
    Expedited: { hours: HOURS_EXPEDITED, dollarsPerGib: 0.03, dollarsPerThousandRequests: 10 },
  },
  DEEP_ARCHIVE: { Standard: { hours: 12, dollarsPerGib: 0.02, dollarsPerThousandRequests: 0.1 } },
  ARCHIVE_ACCESS: {
    Standard: { hours: 5, dollarsPerGib: 0, dollarsPerThousandRequests: 0 },
    Expedited: { hours: HOURS_EXPEDITED, dollarsPerGib: 0.03, dollarsPerThousandRequests: 10 },
  },
  DEEP_ARCHIVE_ACCESS: { Standard: { hours: 12, dollarsPerGib: 0, dollarsPerThousandRequests: 0 } },
};

/** When the prices were looked up; a person who reads one has to know that it may have changed. */
const PRICES = 'us-east-1 prices, as of June 2026';

/** Expedited: what is larger than 250 MB comes with up to 300 MB a second (same page of the User Guide). */
const EXPEDITED_LARGE_BYTES = 250_000_000;
const EXPEDITED_BYTES_PER_HOUR = 300_000_000 * 3600;

/** The thawed copy is paid as S3 Standard beside the archived one; us-east-1, same page. */
const STANDARD_DOLLARS_PER_GIB_MONTH = 0.023;
const DAYS_PER_MONTH = 30;
const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

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

/** What RestoreObject is told. What Intelligent-Tiering thaws moves back for good: it refuses a number of days. */
export function thawRequest(
  state: StorageState,
  tier: ThawTier,
): { readonly Days?: number; readonly GlacierJobParameters: { readonly Tier: ThawTier } } {
  return { ...(isThawedCopy(state) && { Days: THAW_DAYS }), GlacierJobParameters: { Tier: tier } };
}

export interface ThawEstimate {
  /** How many objects have to be thawed; 0: none, and everything else is 0 too. */
  readonly objects: number;
  readonly sizeBytes: number;
  readonly tier: ThawTier;
  /** By S3's word the time within which all can be read, typically. */
  readonly hours: number;
  /** Retrieval, requests and the copy for THAW_DAYS days, in US dollars; see PRICES. */
  readonly dollars: number;
}

/**
 * What a restore has to wait for, and pay.
 * @throws InvalidInput when S3 does not offer the tier for all of the archives
 */
export function estimateThaw(states: readonly StorageState[], tier: ThawTier): ThawEstimate {
  const frozen = states.filter(isFrozen).map((state) => ({ state, rate: rateOf(state, tier) }));
  const dollars = frozen.reduce((sum, { state, rate }) => sum + dollarsOf(state, rate), 0);
  return {
    objects: frozen.length,
    sizeBytes: frozen.reduce((sum, { state }) => sum + state.sizeBytes, 0),
    tier,
    hours: Math.max(0, ...frozen.map(({ state, rate }) => hoursOf(state, rate, tier))),
    dollars: Math.round(dollars * 100) / 100,
  };
}

function rateOf(state: StorageState, tier: ThawTier): ThawRate {
  const archive = archiveOf(state) ?? '';
  const rates = RATES[archive] ?? {};
  const rate = rates[tier];
  if (rate) return rate;
  const offered = Object.keys(rates).join(', ');
  throw new HoldfastError('InvalidInput', `thawTier: S3 offers no ${tier} for ${archive}, only ${offered}`);
}

function hoursOf({ sizeBytes }: StorageState, { hours }: ThawRate, tier: ThawTier): number {
  const isLarge = tier === 'Expedited' && sizeBytes > EXPEDITED_LARGE_BYTES;
  return isLarge ? hours + sizeBytes / EXPEDITED_BYTES_PER_HOUR : hours;
}

/** Of what is being thawed already somebody has paid the retrieval. */
function dollarsOf(state: StorageState, { dollarsPerGib, dollarsPerThousandRequests }: ThawRate): number {
  const gib = state.sizeBytes / GIB;
  const copy = isThawedCopy(state) ? (gib * STANDARD_DOLLARS_PER_GIB_MONTH * THAW_DAYS) / DAYS_PER_MONTH : 0;
  return isThawing(state) ? copy : gib * dollarsPerGib + dollarsPerThousandRequests / 1000 + copy;
}

/** One sentence for people. */
export function describeThaw({ objects, sizeBytes, tier, hours, dollars }: ThawEstimate): string {
  if (objects === 0) return 'nothing has to be thawed';
  const cost = dollars < 0.01 ? 'less than $0.01' : `about $${dollars.toFixed(2)}`;
  const what = `${countOf(objects, 'archived object')}, ${formatBytes(sizeBytes)}`;
  return `${what}: thawing takes up to ${formatDuration(hours * HOUR_MS)} and costs ${cost} (tier ${tier}; ${PRICES})`;
}
