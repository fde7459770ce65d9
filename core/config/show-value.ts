/** What an error may repeat of a value: errors end up in logs and mails, and a login may stand in any wrong place. */

/** A connection string, or the part of one. */
const LOGIN = /:\/\/|@/;

/** Whether a text may hold a login, wherever it stands. */
export function mayBeLogin(text: string): boolean {
  return LOGIN.test(text);
}

/** Whether a value may be repeated; nothing below a connection or a target of restores ever is. */
export function mayShow(input: unknown, path: readonly PropertyKey[] = []): boolean {
  const isOfConnection = path.includes('connection') || path[0] === 'restoreTargets';
  return !isOfConnection && !mayBeLogin(String(input));
}

/** The head of a message: the value and a space, or nothing where it must not be repeated. */
export function headOf(input: unknown, path?: readonly PropertyKey[]): string {
  return mayShow(input, path) ? `${JSON.stringify(input)} ` : '';
}
