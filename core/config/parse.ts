/** The text of `holdfast.yml` to the configuration, or to everything that is wrong with it at once. */
import type * as z from 'zod';
import { HoldfastError } from '../errors.ts';
import { describeIssue, describeType, describeUnknownKey, keysAllowedAt } from './describe-issue.ts';
import { mergeDefaults, originOf } from './merge-defaults.ts';
import { readYaml, type Path, type YamlFile } from './read-yaml.ts';
import { Config, Source, SOURCE_KEYS } from './schema.ts';
import { mayBeLogin } from './show-value.ts';
import { isRecord } from './values.ts';

export interface ConfigProblem {
  /** One-based line of the file. */
  readonly line: number;
  /** `sources.orders.databases[0]`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export type ConfigCheck =
  | { readonly config: Config; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly ConfigProblem[] };

/**
 * Parses a configuration; `defaults` are merged into the sources as mergeDefaults says.
 * @param fileName stands at the head of each line of the error
 * @throws InvalidConfig with one line per problem: `holdfast.yml:12: sources.orders.schedul: unknown key, …`
 */
export function parseConfig(text: string, fileName: string): Config {
  const { config, problems } = checkConfig(text);
  if (config !== undefined) return config;
  const lines = problems.map(
    ({ line, path, message }) => `${fileName}:${line}: ${path === '' ? '' : `${path}: `}${message}`,
  );
  throw new HoldfastError('InvalidConfig', lines.join('\n'));
}

/** Parses a configuration to itself, or to its problems in the order of the file. Never throws. */
export function checkConfig(text: string): ConfigCheck {
  const yaml = readYaml(text);
  const textProblems = yaml.problems.map((problem) => ({ ...problem, path: '' }));
  if (!isRecord(yaml.value)) {
    const isReadable = textProblems.length === 0;
    return { problems: isReadable ? [{ line: 1, path: '', message: describeNoMapping(yaml.value) }] : textProblems };
  }
  const file = yaml.value;
  const { data, error } = Config.safeParse(mergeDefaults(file), { error: describeIssue });
  const issues = [...(error?.issues ?? []), ...defaultsIssues(file)];
  const problems = [...textProblems, ...issues.flatMap((issue) => problemsOf(issue, file, yaml))];
  if (data !== undefined && problems.length === 0) return { config: data };
  return { problems: inOrder(problems) };
}

function describeNoMapping(value: unknown): string {
  if (value === null || value === undefined) return 'the file is empty: name at least one source under sources';
  return 'the file holds no keys: it begins with keys such as "sources:"';
}

/** What is wrong with `defaults` itself: the sources show it once it is merged, but not where there is none of them. */
function defaultsIssues({ defaults, sources }: Record<string, unknown>): z.core.$ZodIssue[] {
  if (defaults === undefined) return [];
  if (!isRecord(defaults)) {
    return [{ code: 'custom', path: ['defaults'], message: describeType('object', defaults) }];
  }
  if (isRecord(sources) && Object.values(sources).some(isRecord)) return [];
  const { error } = Source.safeParse(defaults, { error: describeIssue });
  const issues = error?.issues ?? [];
  return issues
    .filter(
      ({ code, path: [key] }) => code === 'unrecognized_keys' || (key !== undefined && Object.hasOwn(defaults, key)),
    )
    .map((issue) => ({ ...issue, path: ['defaults', ...issue.path] }));
}

function problemsOf(issue: z.core.$ZodIssue, file: Record<string, unknown>, yaml: YamlFile): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const problemAt = (merged: Path, message: string): ConfigProblem => {
    const origin = originOf(file, merged);
    return { line: yaml.lineOf(origin), path: showPath(origin), message };
  };
  if (issue.code !== 'unrecognized_keys') return [problemAt(path, issue.message)];
  return issue.keys.map((key) => problemAt([...path, key], describeUnknown(path, key)));
}

function describeUnknown(path: Path, key: string): string {
  if (path.length > 0) {
    const [section, ...rest] = path;
    const allowed = section === 'defaults' ? keysAllowedAt(Source, rest) : keysAllowedAt(Config, path);
    return describeUnknownKey(key, allowed);
  }
  if (Object.hasOwn(SOURCE_KEYS, key))
    return 'unknown key here: it belongs to a source, or to defaults for all of them';
  return describeUnknownKey(key, [...keysAllowedAt(Config, []), 'defaults']);
}

function showPath(path: Path): string {
  return path.reduce<string>((shown, part) => {
    if (typeof part === 'number') return `${shown}[${part}]`;
    if (mayBeLogin(part)) return `${shown}[…]`;
    if (!/^[\w*-]+$/.test(part)) return `${shown}[${JSON.stringify(part)}]`;
    return shown === '' ? part : `${shown}.${part}`;
  }, '');
}

/** By line, each once: a fault of `defaults` is seen in every source. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const unique = new Map(problems.map((problem) => [`${problem.line} ${problem.path} ${problem.message}`, problem]));
  return [...unique.values()].sort((a, b) => a.line - b.line);
}
