/** What people are told when sources are overdue: which, since when, and what to look at. */
import type { Freshness } from './freshness.ts';
import { countOf, formatDuration, formatTime } from './format.ts';
import { subjectOfSources, type SourcesMessage } from './sources-message.ts';

export interface OverdueMessage extends SourcesMessage {
  readonly json: {
    readonly format: 'holdfast-overdue/1';
    readonly outcome: 'overdue';
    readonly sources: readonly {
      readonly source: string;
      readonly ageSeconds: number;
      readonly alarmAfterSeconds: number;
      /** null: none was ever verified. */
      readonly latestVerified: { readonly run: string; readonly startedAt: string } | null;
    }[];
  };
}

/** @param overdue at least one */
export function composeOverdue(overdue: readonly Freshness[]): OverdueMessage {
  const sources = overdue.map(({ source }) => source);
  return {
    subject: subjectOfSources('OVERDUE', sources),
    text: [
      `${countOf(overdue.length, 'source')} without a verified recovery point that is new enough.`,
      '',
      ...overdue.flatMap((each) => [...describe(each), '']),
      'What to do',
      '  Look whether its last runs have failed (npx holdfast list <source>), and whether its schedule is enabled.',
      '  Retention removes nothing of an overdue source.',
      '',
    ].join('\n'),
    json: {
      format: 'holdfast-overdue/1',
      outcome: 'overdue',
      sources: overdue.map(({ source, ageMs, limitMs, latest }) => ({
        source,
        ageSeconds: Math.round(ageMs / 1000),
        alarmAfterSeconds: Math.round((limitMs ?? 0) / 1000),
        latestVerified: latest ? { run: latest.run, startedAt: latest.startedAt } : null,
      })),
    },
    sources,
  };
}

function describe({ source, latest, ageMs, limitMs, watchedSince }: Freshness): string[] {
  const limit = `alarm after ${formatDuration(limitMs ?? 0)}`;
  if (!latest) return [source, `  no run was ever verified; watched since ${formatTime(watchedSince)} (${limit})`];
  return [
    source,
    `  newest verified point: run ${latest.run}`,
    `  started ${formatTime(latest.startedAt)}, ${formatDuration(ageMs)} ago (${limit})`,
  ];
}
