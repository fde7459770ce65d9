/**
 * Patterns of table names as pg_dump takes them (`audit.raw_*`, `"Odd Name"`), as regular expressions of PostgreSQL.
 * pg_dump decides by them what it leaves out; the same rules say which tables need a count and a privilege.
 * https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS
 */

export interface NamePattern {
  /** Null: the pattern names no schema, and matches what the user's default search_path shows. */
  readonly schema: string | null;
  readonly name: string;
}

const ALWAYS_SPECIAL = '|*+?()[]{}.^$\\';

/** Anchored regular expressions for the operator `~`, with `COLLATE "C"` semantics of their own. */
export function parseNamePattern(pattern: string): NamePattern {
  const parts = [''];
  let quoted = false;
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern.charAt(index);
    if (char === '"') {
      if (quoted && pattern.charAt(index + 1) === '"') {
        append(parts, '"');
        index++;
      } else quoted = !quoted;
    } else if (quoted) append(parts, escapeSpecial(char));
    else if (char === '.') parts.push('');
    else append(parts, unquoted(char));
  }
  // A third part is the database, which pg_dump only compares with the one it is connected to.
  const schema = parts.at(-2);
  return { schema: schema === undefined ? null : anchored(schema), name: anchored(parts.at(-1) ?? '') };
}

function append(parts: string[], text: string): void {
  parts[parts.length - 1] = `${parts.at(-1) ?? ''}${text}`;
}

function unquoted(char: string): string {
  if (char === '*') return '.*';
  if (char === '?') return '.';
  // "$" is an ordinary character of names; everything else keeps its meaning in regular expressions.
  if (char === '$') return '\\$';
  return char >= 'A' && char <= 'Z' ? char.toLowerCase() : char;
}

function escapeSpecial(char: string): string {
  return ALWAYS_SPECIAL.includes(char) ? `\\${char}` : char;
}

const anchored = (expression: string): string => `^(${expression})$`;
