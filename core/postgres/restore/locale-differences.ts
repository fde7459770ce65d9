/** How the restored database sorts text and changes its case, against how the dumped one did. */
import type { DatabaseDump, Evidence } from '../../manifest.ts';
import type { Difference } from '../../restore-record.ts';

export type Locale = Pick<DatabaseDump, 'collation' | 'ctype' | 'localeProvider' | 'locale'>;
/** Null: the locale has none, as C has, or the server is too old to know it. */
export type CollationVersion = NonNullable<Evidence['database']>['collationVersion'];

export interface LocaleFacts extends Locale {
  readonly collationVersion?: CollationVersion;
}

/** @param database name on the target */
export function localeDifferences(database: string, recorded: LocaleFacts, found: LocaleFacts): Difference[] {
  const object = `DATABASE ${database}`;
  if (textOf(found) !== textOf(recorded)) {
    const detail = `it has the locale ${textOf(found)}, the source had ${textOf(recorded)}: text sorts and compares otherwise`;
    return [{ kind: 'collation', object, detail }];
  }
  const [is, was] = [found.collationVersion ?? null, recorded.collationVersion ?? null];
  if (is === null || was === null || is === was) return [];
  const detail =
    `its locale ${textOf(found)} has version ${is}, the source had ${was}: indexes are made for it, ` +
    'but ranges of text, and what was sorted elsewhere, may differ';
  return [{ kind: 'collation', object, detail }];
}

/** `libc de_DE.UTF-8`, `icu de-DE`, `builtin C.UTF-8 and libc C`. */
function textOf({ collation, ctype, localeProvider, locale }: Locale): string {
  const libc = collation === ctype ? `libc ${collation}` : `libc ${collation} with ctype ${ctype}`;
  return localeProvider === 'libc' ? libc : `${localeProvider} ${locale ?? ''} and ${libc}`;
}
