/** From the arguments of `holdfast restore` and `restore-test` to what they start: everything wrong is said at once. */
import { HoldfastError } from '../core/errors.ts';
import { parseInput } from '../core/parse-input.ts';
import { RestoreInput, RestoreTestInput } from '../core/restore-input.ts';
import { startedBy } from './backup-input.ts';

export interface RestoreArguments {
  readonly source: string;
  readonly point: string;
  readonly database?: string;
  readonly target?: string;
  readonly secret?: string;
  readonly local: boolean;
  readonly toDatabase?: string;
  readonly table: readonly string[];
  readonly schema: readonly string[];
  readonly allowNotEmpty: boolean;
  readonly roles: string;
  readonly thawTier: string;
  readonly dryRun: boolean;
  readonly wait: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidInput with every bad argument */
export function restoreInput(given: RestoreArguments, environment: Environment): RestoreInput {
  const places = [given.target, given.secret, given.local ? 'local' : undefined].filter((place) => place !== undefined);
  if (places.length !== 1) {
    throw new HoldfastError('InvalidInput', 'say where to restore to: exactly one of --target, --secret and --local');
  }
  if (given.local && given.dryRun) {
    throw new HoldfastError(
      'InvalidInput',
      '--dry-run goes with --target or --secret: what --local would read is not thawed',
    );
  }
  return parseInput(RestoreInput, {
    source: given.source,
    trigger: startedBy(environment),
    recoveryPoint: given.point,
    ...(given.database !== undefined && { database: given.database }),
    to: {
      ...(given.target !== undefined && { target: given.target }),
      ...(given.secret !== undefined && { secret: given.secret }),
      // Of a local restore libpq's environment says it; the machine is never asked.
      ...(given.local && { host: environment['PGHOST'] ?? 'localhost' }),
      ...(given.toDatabase !== undefined && { database: given.toDatabase }),
    },
    tables: given.table,
    schemas: given.schema,
    roles: given.roles,
    thawTier: given.thawTier,
    allowNotEmpty: given.allowNotEmpty,
    dryRun: given.dryRun,
  });
}

export interface RestoreTestArguments {
  readonly source: string;
  readonly point: string;
  readonly window?: string;
  readonly wait: boolean;
}

/** @throws InvalidInput with every bad argument */
export function restoreTestInput(
  { source, point, window }: RestoreTestArguments,
  environment: Environment,
): RestoreTestInput {
  return parseInput(RestoreTestInput, {
    source,
    trigger: startedBy(environment),
    recoveryPoint: point,
    ...(window !== undefined && { window }),
  });
}
