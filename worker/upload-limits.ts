/** How patient and how large uploads are. */
import { HoldfastError } from '../core/errors.ts';
import { PART_SIZES, type PartSizes } from './part-size.ts';

export interface UploadLimits {
  /** How long S3 may be away before an upload fails. */
  readonly giveUpAfterMs: number;
  /** Of a request, without the time that its bytes need. */
  readonly attemptTimeoutMs: number;
  readonly partSizes: PartSizes;
}

const GIVE_UP_MS = 60_000;
const ATTEMPT_TIMEOUT_MS = 20_000;

/**
 * @param environment `HOLDFAST_S3_GIVE_UP_MS` and `HOLDFAST_S3_ATTEMPT_MS` replace what is usual, for a network that is
 *   slower or tests that are quicker
 * @throws InvalidInput
 */
export function uploadLimits(environment: Readonly<Record<string, string | undefined>>): UploadLimits {
  const milliseconds = (name: string, usual: number): number => {
    const value = environment[name];
    if (value === undefined) return usual;
    if (!/^[1-9]\d{0,8}$/.test(value)) {
      throw new HoldfastError('InvalidInput', `${name} is "${value}": give a whole number of milliseconds`);
    }
    return Number(value);
  };
  return {
    giveUpAfterMs: milliseconds('HOLDFAST_S3_GIVE_UP_MS', GIVE_UP_MS),
    attemptTimeoutMs: milliseconds('HOLDFAST_S3_ATTEMPT_MS', ATTEMPT_TIMEOUT_MS),
    partSizes: PART_SIZES,
  };
}
