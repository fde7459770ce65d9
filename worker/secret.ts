/** The database secret in AWS Secrets Manager, in the shape that RDS uses. */
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { secretsManager } from '../aws/clients.ts';
import { HoldfastError } from '../core/errors.ts';
import { withinTimeout } from './retry.ts';

const SECRET_TIMEOUT_MS = 30_000;

const Port = z.coerce.number().int().min(1).max(65_535);

/** RDS writes port as a number, people write it as text; an empty field is an absent one. */
const ConnectionSecret = z.looseObject({
  username: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  host: z.string().min(1).optional(),
  port: Port.optional(),
  dbname: z.string().min(1).optional(),
});
export type ConnectionSecret = z.infer<typeof ConnectionSecret>;

/**
 * @param secretId name or ARN
 * @throws SecretNotFound, SecretInvalid, AccessDenied, or the signal's reason; no message holds a value of the secret
 */
export async function readConnectionSecret(secretId: string, signal: AbortSignal): Promise<ConnectionSecret> {
  return parseSecret(secretId, await secretText(secretId, signal));
}

async function secretText(secretId: string, signal: AbortSignal): Promise<string> {
  try {
    const command = new GetSecretValueCommand({ SecretId: secretId });
    const { SecretString } = await withinTimeout({ timeoutMs: SECRET_TIMEOUT_MS, signal }, (abortSignal) =>
      secretsManager().send(command, { abortSignal }),
    );
    if (SecretString !== undefined) return SecretString;
  } catch (error) {
    throw secretError(secretId, error);
  }
  throw new HoldfastError('SecretInvalid', `secret ${secretId} holds binary data: store JSON text`);
}

function secretError(secretId: string, cause: unknown): unknown {
  const name = cause instanceof Error ? cause.name : '';
  // A secret that is scheduled for deletion answers InvalidRequestException: to a backup it is as good as gone.
  if (name === 'ResourceNotFoundException' || name === 'InvalidRequestException') {
    return new HoldfastError('SecretNotFound', `secret ${secretId} does not exist in this account and region`, {
      cause,
    });
  }
  if (name === 'AccessDeniedException' || name === 'DecryptionFailure') {
    const message = `secretsmanager:GetSecretValue on ${secretId} was refused: allow it, and kms:Decrypt on its key`;
    return new HoldfastError('AccessDenied', message, { cause });
  }
  return cause;
}

/** Without a cause: a parser's message may quote the text that it could not read. */
function parseSecret(secretId: string, text: string): ConnectionSecret {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new HoldfastError('SecretInvalid', `secret ${secretId} is not JSON: store {"username","password"}`);
  }
  const present = typeof json === 'object' && json !== null ? withoutEmpty(json) : json;
  const parsed = ConnectionSecret.safeParse(present);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the whole value'))];
  throw new HoldfastError('SecretInvalid', `secret ${secretId} has the wrong type in: ${fields.join(', ')}`);
}

function withoutEmpty(json: object): object {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null && value !== ''));
}
