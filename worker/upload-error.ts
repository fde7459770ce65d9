import { HoldfastError, causeChain } from '../core/errors.ts';
import { httpStatus } from './retry.ts';

/** What an error of S3 means to the operator. @param action as IAM names it */
export function uploadError(key: string, action: string, cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  if (httpStatus(cause) === 403) {
    return new HoldfastError('AccessDenied', `${action} on ${key} was refused: ${causeChain(cause)}`, { cause });
  }
  return new HoldfastError('UploadFailed', `S3 did not take ${key}: ${causeChain(cause)}`, { cause });
}
