import { expect, test } from '@jest/globals';
import type { Section, TocEntry } from '../../../../../core/postgres/restore/archive-toc.ts';
import { restoreSteps } from '../../../../../core/postgres/restore/restore-steps.ts';

const nowhere = { start: 0, end: 0 };

function entry(dumpId: number, kind: string, section: Section, change: Partial<TocEntry> = {}): TocEntry {
  const at = { owner: nowhere, tablespace: nowhere, definition: nowhere, copyStatement: nowhere };
  const names = { schema: 'public', tag: `t${dumpId}`, owner: 'postgres', tablespace: '' };
  return { dumpId, kind, section, ...names, definition: '', copyStatement: '', needs: [], at, ...change };
}

/** Dump ids. */
function stepsOf(entries: readonly TocEntry[]): Record<string, number[]> {
  const steps = Object.entries(restoreSteps(entries)).map(([step, members]) => [
    step,
    members.map((one) => one.dumpId),
  ]);
  return Object.fromEntries(steps) as Record<string, number[]>;
}

test('only indexes and constraints are built side by side, and what has to wait for more waits', () => {
  const steps = stepsOf([
    entry(1, 'TABLE', 'pre-data'),
    entry(2, 'CONSTRAINT', 'post-data', { needs: [1] }),
    entry(3, 'MATERIALIZED VIEW', 'post-data', { needs: [2] }),
    entry(4, 'INDEX', 'post-data', { needs: [1] }),
    entry(5, 'INDEX', 'post-data', { needs: [3] }),
    entry(6, 'COMMENT', 'none', { needs: [5], tag: 'INDEX i' }),
    entry(7, 'INDEX ATTACH', 'post-data', { needs: [4] }),
    entry(8, 'FK CONSTRAINT', 'post-data', { needs: [2] }),
  ]);
  expect(steps).toMatchObject({ indexes: [2, 4], afterIndexes: [3, 5, 6, 7], foreignKeys: [8] });
});

test('what is said of the trigger of a partition comes after the trigger of its root', () => {
  const steps = stepsOf([
    entry(1, 'TRIGGER', 'post-data', { definition: '\nALTER TABLE public.a_leaf DISABLE TRIGGER z;\n' }),
    entry(2, 'TRIGGER', 'post-data', { definition: 'CREATE TRIGGER z AFTER INSERT ON public.root …;\n' }),
  ]);
  expect(steps['afterIndexes']).toEqual([2, 1]);
});

test('privileges on schemas come before all that somebody may only grant who may use the schema', () => {
  const steps = stepsOf([
    entry(1, 'SCHEMA', 'pre-data', { tag: 'shop' }),
    entry(2, 'ACL', 'none', { tag: 'SCHEMA shop', needs: [1] }),
    entry(3, 'TABLE', 'pre-data'),
    entry(4, 'ACL', 'none', { tag: 'TABLE t3', needs: [3] }),
    entry(5, 'ACL', 'none', { tag: 'SCHEMA public' }),
    entry(6, 'DEFAULT ACL', 'none'),
    entry(7, 'COMMENT', 'none', { tag: 'SCHEMA shop', needs: [1] }),
  ]);
  expect(steps).toMatchObject({ schemas: [1, 7], schemaPrivileges: [2, 5], privileges: [4, 6] });
});
