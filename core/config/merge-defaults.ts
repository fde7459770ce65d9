/** `defaults` and the network of the whole file, merged into every source. */
import type { Path } from './read-yaml.ts';
import { isRecord } from './values.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * The file with its defaults merged into each source; `defaults` itself is gone.
 *
 * What the source says wins over `defaults`, and that over the `network` of the file. A key whose values are mappings
 * on both sides is merged one level deep: `worker: { memory: 8192 }` keeps the default's `cpu`. Lists and everything
 * deeper are replaced as a whole. `schedule: null` in a source takes a default away.
 */
export function mergeDefaults(file: Values): Values {
  const rest = Object.fromEntries(Object.entries(file).filter(([key]) => key !== 'defaults')) as Values;
  const { sources } = file;
  if (!isRecord(sources)) return rest;
  const inherited = inheritedValues(file);
  const merged = Object.entries(sources).map(([name, source]) => [
    name,
    isRecord(source) ? mergeSource(inherited, source) : source,
  ]);
  return { ...rest, sources: Object.fromEntries(merged) as Values };
}

/** Everything that a source has without saying it. */
function inheritedValues({ network, defaults }: Values): Values {
  const own = isRecord(defaults) ? defaults : {};
  return isRecord(network) ? mergeSource({ network }, own) : own;
}

function mergeSource(inherited: Values, source: Values): Values {
  const merged = new Map(Object.entries(inherited));
  for (const [key, value] of Object.entries(source)) {
    const base = merged.get(key);
    if (value === null && base !== undefined) merged.delete(key);
    else merged.set(key, isRecord(base) && isRecord(value) ? { ...base, ...value } : value);
  }
  return Object.fromEntries(merged);
}

/** Where in the file a value of the merged configuration was written, or would have to be. */
export function originOf(file: Values, path: Path): Path {
  const [section, name, ...rest] = path;
  if (section !== 'sources' || name === undefined || rest.length === 0) return path;
  const origins: Path[] = [path, ['defaults', ...rest]];
  if (rest[0] === 'network') origins.push(rest);
  // Of equals the source comes first: what nobody wrote is missing there.
  return origins.reduce((best, origin) => (missingParts(file, origin) < missingParts(file, best) ? origin : best));
}

/** How many of the path's last parts the file does not have. */
function missingParts(file: Values, path: Path): number {
  let value: unknown = file;
  for (const [index, key] of path.entries()) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return path.length - index;
    value = (value as Record<string | number, unknown>)[key];
  }
  return 0;
}
