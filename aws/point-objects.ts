/** Whether the bucket still holds what the row of a recovery point names. */
import * as z from 'zod';
import { countOf } from '../core/format.ts';
import { manifestKey } from '../core/keys.ts';
import type { PointRow } from '../core/retention/recovery-point.ts';
import { versionsOfRun } from './run-objects.ts';
import { findRow } from './run-store.ts';

/** As much of a row as names objects: what else is in it may have the shape of another version of Holdfast. */
const NamingRow = z.object({
  dumps: z
    .array(z.object({ objects: z.array(z.object({ key: z.string(), versionId: z.string().nullable() })) }))
    .default([]),
});

/**
 * Lists what there is, and reads nothing of it. A version that is not the current one counts as missing: somebody has
 * deleted or overwritten it, and S3 ends it some months later.
 * @returns what is missing, for a person; undefined: the manifest and every object are there
 */
export async function whatIsMissing(row: PointRow): Promise<string | undefined> {
  const { data } = NamingRow.safeParse(await findRow(row));
  const objects = data?.dumps.flatMap((dump) => dump.objects) ?? [];
  // A part may be an RDS snapshot alone.
  if (!data || (objects.length === 0 && row.verdict !== 'partial')) return 'every object: its row names none';
  const stored = (await versionsOfRun(row)).filter(({ isCurrent, isDeleteMarker }) => isCurrent && !isDeleteMarker);
  const versions = new Map(stored.map(({ key, versionId }) => [key, versionId]));
  const missing = [
    ...(versions.has(manifestKey(row)) ? [] : [manifestKey(row)]),
    ...objects
      .filter(({ key, versionId }) => (versionId === null ? !versions.has(key) : versions.get(key) !== versionId))
      .map(({ key }) => key),
  ];
  const [first] = missing;
  return first && `${first}${missing.length === 1 ? '' : ` and ${countOf(missing.length - 1, 'object')} more`}`;
}
