/**
 * Whether a thrown value is an error of the system with this code, such as ENOENT.
 * Not by `instanceof Error`: under jest Node's own errors come from another realm.
 */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
