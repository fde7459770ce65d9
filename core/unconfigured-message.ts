/** What people are told when the bucket holds recovery points of sources that holdfast.yml does not name. */
import { countOf } from './format.ts';
import { subjectOfSources, type SourcesMessage } from './sources-message.ts';

export interface UnconfiguredMessage extends SourcesMessage {
  readonly json: {
    readonly format: 'holdfast-unconfigured/1';
    readonly outcome: 'unconfigured';
    readonly sources: readonly string[];
  };
}

/** @param sources at least one */
export function composeUnconfigured(sources: readonly string[]): UnconfiguredMessage {
  return {
    subject: subjectOfSources('UNCONFIGURED', sources),
    text: [
      `The bucket holds objects of ${countOf(sources.length, 'source')} that holdfast.yml does not name:`,
      ...sources.map((source) => `  ${source}`),
      '',
      'What that means',
      '  Nothing is backed up, watched, tested or archived there any more, and nothing is removed: it stays, and costs.',
      '',
      'What to do',
      '  Taken out by mistake? Put the source back, and deploy: its points are those that it had.',
      `  Otherwise look at what there is (npx holdfast list ${sources[0] ?? ''}), and remove what nobody needs any more:`,
      '  docs/keeping.md says how. This is said once.',
      '',
    ].join('\n'),
    json: { format: 'holdfast-unconfigured/1', outcome: 'unconfigured', sources },
    sources,
  };
}
