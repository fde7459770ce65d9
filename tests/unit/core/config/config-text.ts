import { stringify } from 'yaml';
import type { ConfigProblem } from '../../../../core/config/parse.ts';
import { checkConfig, parseConfig } from '../../../../core/config/parse.ts';
import type { Source } from '../../../../core/config/schema.ts';
import { HoldfastError } from '../../../../core/errors.ts';

/** The smallest configuration, three lines. */
export const MINIMAL = 'sources:\n  orders:\n    connection: { secret: prod/orders }\n';

/** Why a text is refused as holdfast.yml. */
export function errorOf(text: string): HoldfastError {
  try {
    parseConfig(text, 'holdfast.yml');
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error('the text is valid');
}

/** The text of a configuration with one source, `orders`, which has a connection and what is given. */
function withSource(keys: Record<string, unknown>): string {
  return stringify({ sources: { orders: { connection: { secret: 'prod/orders' }, ...keys } } });
}

/** Problems of one source without their line: `worker.cpu: …`, relative to the source. */
export function problemsOf(keys: Record<string, unknown>): string[] {
  return (checkConfig(withSource(keys)).problems ?? []).map(shown);
}

/** The one source of a valid configuration. */
export function sourceWith(keys: Record<string, unknown>): Source {
  const { config, problems } = checkConfig(withSource(keys));
  const source = config?.sources['orders'];
  if (source === undefined) throw new Error((problems ?? []).map(shown).join('\n'));
  return source;
}

function shown({ path, message }: ConfigProblem): string {
  return `${path.replace('sources.orders.', '')}: ${message}`;
}
