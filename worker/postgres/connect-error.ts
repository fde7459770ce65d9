/** What a failed login or query means to the operator. */
import { HoldfastError, causeChain, type ErrorCode } from '../../core/errors.ts';
import type { Server } from './server.ts';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CODE_OF_SQLSTATE: Readonly<Record<string, ErrorCode>> = {
  '28P01': 'AuthFailed',
  '28000': 'AuthFailed',
  '3D000': 'DatabaseNotFound',
  // Of a login: the database does not accept connections.
  '55000': 'DatabaseNotFound',
  '42501': 'AccessDenied',
};

/** The server is there and asks to come back: it is starting, or all its slots are taken. */
const TRANSIENT = new Set(['57P03', '53300']);

export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(sqlState(error) ?? '');
}

/** Five characters, as the server sends them; undefined for errors of the network. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof HoldfastError) return sqlState(error.cause);
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** @param database the one that was asked for */
export function connectError(
  server: Pick<Server, 'host' | 'port' | 'user'>,
  database: string,
  cause: unknown,
): HoldfastError {
  const address = `${server.host}:${server.port}`;
  const code = CODE_OF_SQLSTATE[sqlState(cause) ?? ''] ?? 'SourceUnreachable';
  const reason = reasonOf(cause);
  const messages: Partial<Record<ErrorCode, string>> = {
    AuthFailed: `${address} refused the login of ${server.user}: ${reason}`,
    DatabaseNotFound: `database ${database} cannot be used on ${address}: ${reason}`,
    AccessDenied: `${server.user} may not connect to database ${database} on ${address}: ${reason}`,
    SourceUnreachable: `no connection to ${address}: ${reason}`,
  };
  return new HoldfastError(code, messages[code] ?? reason, { cause });
}

/** A statement that failed once the session was there. */
export function queryError(cause: unknown): HoldfastError {
  const code = sqlState(cause) === '42501' ? 'TableUnreadable' : 'DumpFailed';
  return new HoldfastError(code, `the server did not answer a query: ${reasonOf(cause)}`, { cause });
}

/** Node reports a host with several addresses as an AggregateError without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join(', ');
  return cause instanceof Error && cause.message !== '' ? cause.message : causeChain(cause);
}
