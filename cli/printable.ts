/** Names and messages come from databases and servers: what they hold must not steer the terminal. */

/** Text on one line, with every control character made visible: `a\nb` becomes `a\\nb`. */
export function printableLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => JSON_ESCAPES[char] ?? hexEscape(char));
}

/** The same, line by line. */
export function printableText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => printableLine(line))
    .join('\n');
}

const JSON_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function hexEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
