/** What an SDK's error means for a person who runs a command: which setting to look at, not a stack trace. */
import type { ErrorCode } from '../core/errors.ts';

export interface Explanation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const NO_CONNECTION = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** Names differ from service to service, and so do their endings. */
const BAD_CREDENTIALS =
  /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidSignature|InvalidAccessKeyId|IncompleteSignature|MissingAuthenticationToken|AuthFailure)/;

/** @returns undefined for an error that is not about the way to AWS */
export function explainSdkError(error: unknown): Explanation | undefined {
  for (const each of causes(error)) {
    const explanation = explainOne(each);
    if (explanation) return explanation;
  }
  return undefined;
}

function explainOne(error: Error): Explanation | undefined {
  const { name, message } = error;
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return {
      code: 'AccessDenied',
      message: `no usable AWS credentials were found (${firstLine(message)})`,
      hint: 'log in to AWS, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    };
  }
  if (message === 'Region is missing' || message.startsWith('Region not accepted')) {
    return {
      code: 'InvalidInput',
      message: `no usable AWS region is set (${firstLine(message)})`,
      hint: 'set AWS_REGION, or a region in the profile that AWS_PROFILE names',
    };
  }
  if (BAD_CREDENTIALS.test(name)) {
    return {
      code: 'AccessDenied',
      message: `AWS does not accept the credentials: ${firstLine(message)} (${name})`,
      hint: 'log in to AWS again, and check AWS_PROFILE and the other AWS_ variables',
    };
  }
  if (/^AccessDenied|^NotAuthorized|^UnauthorizedOperation/.test(name)) {
    return {
      code: 'AccessDenied',
      message: firstLine(message),
      hint: 'allow the named action to the user or role of these credentials',
    };
  }
  const code = codeOf(error);
  if (NO_CONNECTION.includes(code) || name === 'TimeoutError') {
    return {
      code: 'UnexpectedError',
      message: `AWS cannot be reached: ${message === '' ? code : firstLine(message)}`,
      hint: 'check the network, AWS_REGION and AWS_ENDPOINT_URL',
    };
  }
  return undefined;
}

/** The error, its causes, and the errors of several addresses that were tried. */
function causes(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...[...inner, error.cause].flatMap(causes)];
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
