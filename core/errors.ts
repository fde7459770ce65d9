/**
 * The one table of errors. Codes, exit codes, hints, the documentation page, the CLI's exits and the
 * state machine's tests are all derived from it: to add an error, add a row.
 */

import { inspect } from 'node:util';

/** Who can act on an error: the operator of the database and its AWS account, or Holdfast's developers. */
export type FixedBy = 'operator' | 'holdfast';

interface ErrorEntry {
  /** Exit code of the worker and of the CLI. */
  readonly exit: number;
  readonly fixedBy: FixedBy;
  readonly meaning: string;
  /** What to do next, as one imperative sentence without a full stop. */
  readonly hint: string;
}

export const ERRORS = {
  UnexpectedError: {
    exit: 1,
    fixedBy: 'holdfast',
    meaning: 'a bug: something failed in a way that no rule foresaw; the whole cause chain is kept',
    hint: 'read the cause and the logs of the named step, then report it',
  },
  InvalidInput: {
    exit: 2,
    fixedBy: 'operator',
    meaning: 'the input of a run or of a command is not valid; every bad field is listed',
    hint: 'correct the listed fields and start again',
  },
  InvalidConfig: {
    exit: 2,
    fixedBy: 'operator',
    meaning: 'holdfast.yml is not valid; every bad field is listed with its line',
    hint: 'correct the listed lines of holdfast.yml and deploy again',
  },
  SourceNotFound: {
    exit: 3,
    fixedBy: 'operator',
    meaning: 'no source of that name is configured; the sources there are are listed',
    hint: 'use one of the listed sources, or add it to holdfast.yml and deploy',
  },
  RunInProgress: {
    exit: 4,
    fixedBy: 'operator',
    meaning: 'another run of the same source is active; it is named',
    hint: 'wait for the named run to end, or stop its execution, then start again',
  },
  SecretNotFound: {
    exit: 5,
    fixedBy: 'operator',
    meaning: 'the secret of the connection does not exist where it was looked for',
    hint: 'create the secret, or correct connection.secret in holdfast.yml',
  },
  DatabaseNotFound: {
    exit: 6,
    fixedBy: 'operator',
    meaning: 'a database that is due does not exist on the server, or "*" matched none',
    hint: 'correct databases in holdfast.yml; the message lists what the server has',
  },
  SecretInvalid: {
    exit: 7,
    fixedBy: 'operator',
    meaning: 'the secret exists but is not the JSON that RDS uses, or lacks a field',
    hint: 'store {"username","password"} and, unless configured, host, port and dbname in the secret',
  },
  RecoveryPointNotFound: {
    exit: 8,
    fixedBy: 'operator',
    meaning: 'no recovery point matches what was asked for',
    hint: 'list the recovery points of the source and name one of them',
  },
  AccessDenied: {
    exit: 10,
    fixedBy: 'operator',
    meaning: 'AWS refused an action; the action is named',
    hint: 'allow the named action to the named role, and check the key policies',
  },
  AuthFailed: {
    exit: 10,
    fixedBy: 'operator',
    meaning: 'the database server refused the login',
    hint: 'check user and password in the secret, and that the user may connect to the database',
  },
  SourceUnreachable: {
    exit: 11,
    fixedBy: 'operator',
    meaning: 'no connection to the database server could be made',
    hint: 'check host, port, TLS mode, subnets and security groups',
  },
  ServerTooNew: {
    exit: 12,
    fixedBy: 'operator',
    meaning: 'the server is newer than every pg_dump in the worker image',
    hint: 'rebuild the worker image with the clients of that major version',
  },
  DumpFailed: {
    exit: 13,
    fixedBy: 'operator',
    meaning: 'pg_dump failed or the connection was lost; exit code or signal and its last lines are given',
    hint: 'read the last lines of pg_dump in the message and remove the cause',
  },
  DumpStalled: {
    exit: 14,
    fixedBy: 'operator',
    meaning: 'no byte of the dump moved for the time allowed',
    hint: 'look for locks and for network trouble between the worker and the server',
  },
  UploadFailed: {
    exit: 15,
    fixedBy: 'operator',
    meaning: 'S3 did not take the objects; the uploads were aborted',
    hint: 'read the cause; check the bucket, its policies and the route to S3, then start again',
  },
  WorkerDied: {
    exit: 16,
    fixedBy: 'operator',
    meaning: 'the container ended without writing its outcome; exit code 137 means out of memory or killed',
    hint: 'read the stop reason; give worker.memory more if it was out of memory',
  },
  DeadlineExceeded: {
    exit: 17,
    fixedBy: 'operator',
    meaning: 'the time allowed for the run is over',
    hint: 'raise worker.timeout of the source, or give the worker more cpu',
  },
  TableUnreadable: {
    exit: 18,
    fixedBy: 'operator',
    meaning: 'the backup user may not read some tables; they are named',
    hint: 'grant what docs/operating.md lists, or exclude the tables',
  },
  LockTimeout: {
    exit: 19,
    fixedBy: 'operator',
    meaning: 'a table could not be locked in time; the blocking session is named',
    hint: 'end the named session or move the schedule',
  },
  ObjectMissing: {
    exit: 20,
    fixedBy: 'operator',
    meaning: 'verification found that S3 does not hold an object that the worker reported',
    hint: 'treat the bucket as suspect: find who deleted the object, then run a new backup',
  },
  SizeMismatch: {
    exit: 21,
    fixedBy: 'operator',
    meaning: 'verification found another size in S3 than the worker sent',
    hint: 'treat the recovery point as unusable and run a new backup',
  },
  ChecksumMismatch: {
    exit: 22,
    fixedBy: 'operator',
    meaning: 'verification found another checksum in S3 than the worker computed',
    hint: 'treat the recovery point as unusable and run a new backup',
  },
  Suspect: {
    exit: 23,
    fixedBy: 'operator',
    meaning: 'the dump is whole, but much smaller than the last ones, or a table lost all its rows',
    hint: 'find out where the data went; if that was meant, run holdfast accept <run> --why <reason>',
  },
  SnapshotFailed: {
    exit: 30,
    fixedBy: 'operator',
    meaning: 'RDS did not make the snapshot',
    hint: 'read the events of the instance or cluster in RDS and start again',
  },
  SnapshotQuotaExceeded: {
    exit: 31,
    fixedBy: 'operator',
    meaning: 'the account has as many manual snapshots as its quota allows',
    hint: 'delete manual snapshots that nobody needs, or raise the quota',
  },
  SnapshotTimeout: {
    exit: 32,
    fixedBy: 'operator',
    meaning: 'the snapshot did not become available in the time allowed',
    hint: 'look at the snapshot in RDS; it may still become available by itself',
  },
  TargetNotEmpty: {
    exit: 40,
    fixedBy: 'operator',
    meaning: 'the target of a restore holds objects already',
    hint: 'restore into an empty database, or say that the content may be kept',
  },
  RestoreFailed: {
    exit: 41,
    fixedBy: 'operator',
    meaning: 'a statement of the restore failed; statement and object are named',
    hint: 'remove the cause on the target and restore again into an empty database',
  },
  RestoreMismatch: {
    exit: 42,
    fixedBy: 'operator',
    meaning: 'what was restored differs from the evidence; the tables are named',
    hint: 'do not rely on this recovery point; run a new backup and test it',
  },
  Untestable: {
    exit: 43,
    fixedBy: 'operator',
    meaning: 'the restore test cannot run here, for example because an extension is missing',
    hint: 'give the worker what is named: an image with the extension packages or the server, or a larger disk',
  },
  RetentionRefused: {
    exit: 50,
    fixedBy: 'operator',
    meaning: 'retention would have removed the last verified recovery point, or points that stay have lost objects',
    hint: 'find out why no newer point is verified, or who has deleted objects: noncurrent versions stay for 180 days',
  },
  Cancelled: {
    exit: 130,
    fixedBy: 'operator',
    meaning: 'the run was stopped from outside',
    hint: 'start a new run if the stop was not meant',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** A failure as it is stored and shown: never an Error object, never a secret. */
export interface Failure {
  readonly code: ErrorCode;
  /** Lower case, no full stop: the wrong value and what is wrong with it. */
  readonly message: string;
}

/**
 * The only error class of Holdfast. `name` is the code, because Lambda reports `name` as the errorType
 * that Step Functions matches in Retry and Catch.
 */
export class HoldfastError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = code;
    this.code = code;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

export function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERRORS, name);
}

/** The failure that any thrown value stands for; what is not a HoldfastError is an UnexpectedError with its cause chain. */
export function toFailure(error: unknown): Failure {
  if (error instanceof HoldfastError) return { code: error.code, message: error.message };
  return { code: 'UnexpectedError', message: causeChain(error) };
}

/** `a: b: c` of an error and its causes, outermost first. */
export function causeChain(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && current !== null;) {
    if (!(current instanceof Error)) {
      parts.push(typeof current === 'string' ? current : inspect(current));
      break;
    }
    parts.push(current.message === '' ? current.name : `${current.name}: ${current.message}`);
    current = current.cause;
  }
  return parts.join(', caused by ');
}

/** Errors that Step Functions raises by itself, as the codes that a person is shown. */
const SERVICE_ERRORS: ReadonlyMap<string, ErrorCode> = new Map([
  ['States.Timeout', 'DeadlineExceeded'],
  ['States.HeartbeatTimeout', 'DeadlineExceeded'],
  ['States.TaskFailed', 'WorkerDied'],
]);

/**
 * The failure behind `$states.errorOutput` of a Catch.
 * @param error the `Error` field: a code of ours, or a name of Step Functions or of a service
 * @param cause the `Cause` field: for a Lambda the JSON `{errorType, errorMessage, trace}`, else free text
 */
export function failureOfStep(error: string, cause: string): Failure {
  const message = messageOfCause(cause);
  if (isErrorCode(error)) return { code: error, message };
  const code = SERVICE_ERRORS.get(error) ?? 'UnexpectedError';
  return { code, message: message === '' ? error : `${error}: ${message}` };
}

function messageOfCause(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed) return String(parsed.errorMessage);
  } catch {
    // Not JSON: services give plain text, which is the message itself.
  }
  return cause;
}
