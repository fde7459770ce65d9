/** YAML to plain values, without losing the line that each of them stands on. */
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { mayBeLogin } from './show-value.ts';

export type Path = readonly (string | number)[];

interface YamlProblem {
  /** One-based. */
  readonly line: number;
  readonly message: string;
}

export interface YamlFile {
  /** Undefined where the text is not YAML; `problems` says why. */
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /** Line of the deepest part of the path that the text has; one-based. */
  readonly lineOf: (path: Path) => number;
}

/** Reads a text as one YAML 1.2 document; anchors, aliases and merge keys (`<<`) are resolved. Never throws. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'error' });
  const isDuplicate = (code: string): boolean => code === 'DUPLICATE_KEY';
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    line: lineAt(pos[0]),
    message: isDuplicate(code) ? describeDuplicate(text, pos[0]) : describeSyntax(message),
  }));
  const lineOf = (path: Path): number => lineAt(offsetOf(document, path));
  // A file with a key given twice can still be checked for everything else; other errors leave a value nobody wrote.
  if (document.errors.some(({ code }) => !isDuplicate(code))) return { value: undefined, problems, lineOf };
  try {
    return { value: document.toJS() as unknown, problems, lineOf };
  } catch (error) {
    // An alias without its anchor, or a file whose aliases multiply: both are faults of the text.
    const message = describeSyntax(error instanceof Error ? error.message : String(error));
    return { value: undefined, problems: [...problems, { line: 1, message }], lineOf };
  }
}

function describeDuplicate(text: string, offset: number): string {
  const key = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:,{}]+)/.exec(text.slice(offset))?.[0] ?? 'key';
  return `${mayBeLogin(key) ? '' : `${key}: `}is given twice: keep one of them`;
}

function describeSyntax(message: string): string {
  const [first = ''] = message.split('\n');
  // What follows a colon is the text of the file, which may be a password.
  const plain = first.replace(/(?:: .*|[.:])$/, '');
  return `not valid YAML: ${plain.charAt(0).toLowerCase()}${plain.slice(1)} (quote text that holds * & ! # % @ or ": ")`;
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    const found = childOf(document, node, key);
    if (found === undefined) break;
    offset = found.offset ?? offset;
    node = found.node;
  }
  return offset;
}

interface Child {
  readonly node: unknown;
  /** Where the key, or the item of a list, begins. */
  readonly offset: number | undefined;
}

function childOf(document: Document, parent: unknown, key: string | number): Child | undefined {
  const node = resolveAlias(document, parent);
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return isNode(item) ? { node: item, offset: item.range?.[0] } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((candidate) => keyOf(candidate) === String(key));
  if (pair === undefined) return mergedChildOf(document, node, key);
  return { node: pair.value, offset: isNode(pair.key) ? pair.key.range?.[0] : undefined };
}

/** A key that came in by `<<: *anchor` stands where the anchor's mapping has it. */
function mergedChildOf(document: Document, map: YAMLMap, key: string | number): Child | undefined {
  const merge = map.items.find((pair) => keyOf(pair) === '<<');
  const value = resolveAlias(document, merge?.value);
  const sources: unknown[] = isSeq(value) ? value.items : [value];
  for (const source of sources) {
    const found = childOf(document, source, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyOf(pair: Pair | Node): string | undefined {
  if (!isPair(pair)) return undefined;
  return isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : undefined;
}

function resolveAlias(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
