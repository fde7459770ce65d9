import { HoldfastError } from '../core/errors.ts';

/** A variable that the deployment sets; its absence is a bug of the deployment, not of a caller. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new HoldfastError('UnexpectedError', `environment variable ${name} is not set`);
  }
  return value;
}

export const stage = (): string => required('HOLDFAST_STAGE');
export const tableName = (): string => required('HOLDFAST_TABLE');
export const bucketName = (): string => required('HOLDFAST_BUCKET');
export const topicArn = (): string => required('HOLDFAST_TOPIC');
/** Only the function that looks at the tasks of workers has it. */
export const clusterArn = (): string => required('HOLDFAST_CLUSTER');
