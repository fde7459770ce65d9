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
 * @param environment `HOLDFAST_S3_GIVE_UP_MS`, `HOLDFAST_S3_ATTEMPT_MS` and `HOLDFAST_PARTS_IN_MEMORY` replace what is usual,
 *   for a slower network, another disk, or quicker tests
 * @throws InvalidInput
 */
export function uploadLimits(environment: Readonly<Record<string, string | undefined>>): UploadLimits {
  const whole = (name: string, usual: number): number => {
    const value = environment[name];
    if (value === undefined) return usual;
    if (!/^[1-9]\d{0,8}$/.test(value)) {
      throw new HoldfastError('InvalidInput', `${name} is "${value}": give a whole number`);
    }
    return Number(value);
  };
  return {
    giveUpAfterMs: whole('HOLDFAST_S3_GIVE_UP_MS', GIVE_UP_MS),
    attemptTimeoutMs: whole('HOLDFAST_S3_ATTEMPT_MS', ATTEMPT_TIMEOUT_MS),
    partSizes: { ...PART_SIZES, inMemory: whole('HOLDFAST_PARTS_IN_MEMORY', PART_SIZES.inMemory) },
  };
}
