/** The evidence, asked again of what was restored. */
import { Dump } from '../../../core/config/dump.ts';
import type { Found, SequenceState } from '../../../core/postgres/restore/compare-evidence.ts';
import { collectEvidence } from '../evidence.ts';
import { listRelations } from '../relations.ts';
import type { Session } from '../session.ts';

/** @param wanted `none` where no row was counted when it was dumped */
export async function foundEvidence(session: Session, wanted: Dump['evidence']): Promise<Found> {
  await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const relations = await listRelations(session, Dump.parse({}));
  const evidence = await collectEvidence(session, relations, wanted);
  const sequences = await session.rows<SequenceState>(SEQUENCES_SQL);
  await session.run('COMMIT');
  return { ...evidence, tables: [...evidence.tables], sequences };
}

const SEQUENCES_SQL = `
SELECT schemaname AS schema, sequencename AS name, last_value::text AS "lastValue",
       increment_by < 0 AS descending, cycle AS cycles
  FROM pg_catalog.pg_sequences`;
