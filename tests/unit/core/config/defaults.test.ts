import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { checkConfig, parseConfig } from '../../../../core/config/parse.ts';
import { errorOf, sourceWith } from './config-text.ts';

describe('defaults', () => {
  const file = (defaults: unknown, source: Record<string, unknown>, more = {}): string =>
    stringify({ ...more, defaults, sources: { orders: { connection: { secret: 'prod/orders' }, ...source } } });

  test('are merged one level deep, and what the source says wins', () => {
    const text = file({ worker: { cpu: 4096, memory: 8192 }, alarmAfter: '26h' }, { worker: { memory: 16_384 } });
    expect(parseConfig(text, 'holdfast.yml').sources['orders']).toMatchObject({
      worker: { cpu: 4096, memory: 16_384 },
      alarmAfter: '26h',
    });
  });

  test('replace no list', () => {
    const text = file({ databases: ['a', 'b'] }, { databases: ['c'] });
    expect(parseConfig(text, 'holdfast.yml').sources['orders']?.databases).toEqual(['c']);
  });

  test('are taken away by null, which means nothing else', () => {
    const schedule = { cron: '30 2 * * ? *' };
    expect(parseConfig(file({ schedule }, { schedule: null }), 'f').sources['orders']?.schedule).toBeUndefined();
    expect(checkConfig(file({}, { schedule: null })).problems?.[0]?.message).toMatch(/^is empty/);
  });

  test('the network of the file is the default of defaults', () => {
    const network = { subnets: ['subnet-1'], securityGroups: ['sg-1'] };
    const { sources } = parseConfig(file({ network: { subnets: ['subnet-2'] } }, {}, { network }), 'holdfast.yml');
    expect(sources['orders']?.network).toEqual({ subnets: ['subnet-2'], securityGroups: ['sg-1'] });
  });

  test('are blamed once, where they stand, however many sources have them', () => {
    const text = stringify({
      defaults: { worker: { cpus: 1 } },
      sources: { a: { connection: { secret: 's' } }, b: { connection: { secret: 's' } } },
    });
    expect(errorOf(text).message).toMatch(
      /^holdfast\.yml:3: defaults\.worker\.cpus: unknown key, did you mean "cpu"\?$/,
    );
  });

  test('are checked even where no source uses them', () => {
    expect(errorOf('defaults: { workr: {}, alarmAfter: soon }\nsources: {}\n').message.split('\n')).toHaveLength(3);
  });

  test('equal the same keys written in every source', () => {
    const worker = fc.record(
      {
        cpu: fc.constantFrom(2048, 4096),
        diskGiB: fc.integer({ min: 21, max: 200 }),
        timeout: fc.constantFrom('1h', '2h'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(worker, worker, (inherited, own) => {
        const memory = 8192;
        const { sources } = parseConfig(file({ worker: { ...inherited, memory } }, { worker: own }), 'f');
        expect(sources['orders']).toEqual(sourceWith({ worker: { ...inherited, memory, ...own } }));
      }),
    );
  });
});
