/** State ListSources of the retention machine: the sources whose points are looked at. */
import * as z from 'zod';
import { resolveSource, sourceNames } from '../core/config/plan-source.ts';
import { HoldfastError } from '../core/errors.ts';
import { RetentionInput, tellBytesOf, type ListedSources } from '../core/retention-steps.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

// What a person gives may be anything, and is told so with their own code.
export const handler = taskHandler(z.unknown(), (input) => Promise.resolve(listSources(input)));

function listSources(input: unknown): ListedSources {
  const { data, error } = RetentionInput.safeParse(input);
  if (!data) {
    const allowed = Object.keys(RetentionInput.shape).join(', ');
    const problems = error.issues.map(({ path, message }) => [...path, message.toLowerCase()].join(': '));
    throw new HoldfastError('InvalidInput', `${problems.join('; ')} (allowed: ${allowed})`, { cause: error });
  }
  const config = deployedConfig();
  const { source, dryRun } = data;
  const sources = source === undefined ? sourceNames(config) : [resolveSource(config, source).name];
  return { sources, dryRun, tellBytes: tellBytesOf(sources.length) };
}
