import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HoldfastError } from '../../../core/errors.ts';
import { planRun } from '../../../core/plan-run.ts';
import { DumpPlan } from '../../../core/run-record.ts';
import { execution, inputs, ONE, TWO } from './run-inputs.ts';

function refusal(input: unknown, config = TWO): { code: string; message: string } {
  try {
    planRun(execution(input), config);
  } catch (error) {
    if (error instanceof HoldfastError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error(`planned ${JSON.stringify(input)}`);
}

describe('planRun', () => {
  it('says all that the machine and the worker need', () => {
    const input = { source: 'orders', label: 'before 4.2', trigger: 'cli' };
    expect(planRun(execution(input), TWO)).toEqual({
      planned: {
        source: 'orders',
        run: 'run-1',
        startedAt: '2025-11-21T02:30:11.000Z',
        executionArn: execution(null).executionArn,
        pk: 'SOURCE#orders',
        sk: 'RUN#2025-11-21T02:30:11.000Z#run-1',
        duplicateOf: null,
        runTag: 'run-1',
        include: { snapshot: true, dump: true },
        rds: { kind: 'instance', identifier: 'orders-prod' },
        deadline: '2025-11-21T04:30:11.000Z',
        task: { cpu: '4096', memory: '8192', diskGiB: 50, subnets: ['subnet-a'], securityGroups: ['sg-1'] },
      },
      scheduledTime: null,
      trigger: 'cli',
      label: 'before 4.2',
      dumpPlan: {
        connection: TWO.sources['orders']?.connection,
        databases: ['orders', 'billing'],
        dump: TWO.sources['orders']?.dump,
        sizeGate: { minRatio: 0.5, emptiedTableRows: 1000 },
        rds: { kind: 'instance', identifier: 'orders-prod' },
        deadline: '2025-11-21T04:30:11.000Z',
        stallAfterMs: 900_000,
      },
    });
  });

  it("takes a source's own network before the common one, and a cluster as a cluster", () => {
    const { planned } = planRun(execution({ source: 'ledger' }), TWO);
    expect(planned.rds).toEqual({ kind: 'cluster', identifier: 'ledger-prod' });
    expect(planned.task).toMatchObject({ subnets: ['subnet-b'], securityGroups: ['sg-2'] });
  });

  it('makes a plan that the worker can read back from the row', () => {
    const { dumpPlan } = planRun(execution({ source: 'orders' }), TWO);
    expect(DumpPlan.parse(JSON.parse(JSON.stringify(dumpPlan)))).toEqual(dumpPlan);
  });

  it('without a source takes the only one', () => {
    expect(planRun(execution({}), ONE).planned.source).toBe('orders');
  });

  it("tolerates the console's Comment", () => {
    expect(planRun(execution({ Comment: 'Insert your JSON here' }), ONE).planned.source).toBe('orders');
  });

  it('carries the slot of a schedule, as it was given', () => {
    const input = { source: 'orders', scheduledTime: '2025-11-21T02:30:00Z' };
    expect(planRun(execution(input), TWO)).toMatchObject({
      scheduledTime: '2025-11-21T02:30:00Z',
      trigger: 'schedule',
    });
  });

  it.each([
    [{ source: 'orders' }, 'manual'],
    [{ source: 'orders', trigger: 'ci' }, 'ci'],
    [{ source: 'orders', scheduledTime: '2025-11-21T02:30:00Z', trigger: 'ci' }, 'ci'],
  ])('the trigger of %j is %s', (input, trigger) => {
    expect(planRun(execution(input), TWO).trigger).toBe(trigger);
  });
});

describe('include', () => {
  it.each([
    ['orders', undefined, { snapshot: true, dump: true }],
    ['orders', ['snapshot'], { snapshot: true, dump: false }],
    ['orders', ['dump'], { snapshot: false, dump: true }],
    ['orders', ['dump', 'snapshot'], { snapshot: true, dump: true }],
  ])('of %s as %j is %j', (source, include, expected) => {
    const { planned, dumpPlan } = planRun(execution({ source, include }), TWO);
    expect(planned.include).toEqual(expected);
    expect(dumpPlan !== null).toBe(expected.dump);
  });

  it('of a source without rds is the dump', () => {
    expect(planRun(execution({}), ONE).planned.include).toEqual({ snapshot: false, dump: true });
  });

  it.each([[['snapshot']], [['snapshot', 'dump']]])('%j of a source without rds is refused', (include) => {
    expect(refusal({ include }, ONE)).toEqual({
      code: 'InvalidInput',
      message: expect.stringMatching(/^include: source orders has no rds .* leave "snapshot" out$/),
    });
  });
});

describe('bad input', () => {
  it('is refused with every bad field, its value and what is allowed', () => {
    const { code, message } = refusal({
      source: 5,
      label: 'two\nlines',
      include: ['everything'],
      trigger: 'cron',
      scheduledTime: 'yesterday',
      sorce: 'orders',
    });
    expect(code).toBe('InvalidInput');
    for (const part of [
      /source: [^;]*string[^;]*, got 5/,
      /label: [^;]*one line[^;]*, got "two\\nlines"/,
      /include\.0: [^;]*"snapshot"\|"dump"[^;]*, got "everything"/,
      /trigger: [^;]*, got "cron"/,
      /scheduledTime: [^;]*, got "yesterday"/,
      /unknown key sorce \(allowed: source, label, include, trigger, scheduledTime, Comment\)/,
    ]) {
      expect(message).toMatch(part);
    }
  });

  it.each([[null], ['orders'], [5], [true], [['orders']]])('%j is no input', (input) => {
    expect(refusal(input)).toEqual({
      code: 'InvalidInput',
      message: `input: invalid input: expected object, received ${Array.isArray(input) ? 'array' : input === null ? 'null' : typeof input}, got ${JSON.stringify(input)}`,
    });
  });

  it('an empty input with several sources lists them', () => {
    expect(refusal({})).toEqual({
      code: 'InvalidInput',
      message: 'source is required, since there are 2: orders, ledger',
    });
  });

  it.each(['order', 'constructor', '__proto__', 'ORDERS'])(
    'source %j is not found, and the sources are listed',
    (source) => {
      const { code, message } = refusal({ source });
      expect(code).toBe('SourceNotFound');
      expect(message).toContain(`"${source}"`);
      expect(message).toContain('(configured: orders, ledger)');
    },
  );

  it.each([[{ include: [] }], [{ source: '' }], [{ label: 'x'.repeat(129) }], [{ scheduledTime: '2025-11-21' }]])(
    '%j is refused',
    (input) => {
      expect(refusal({ source: 'orders', ...input }).code).toBe('InvalidInput');
    },
  );

  it('shows long values in part', () => {
    expect(refusal({ source: 'orders', label: 'x'.repeat(5000) }).message.length).toBeLessThan(250);
  });

  it('of any kind is planned or refused, never a bug', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        try {
          expect(planRun(execution(input), TWO).planned.source).toMatch(/^(orders|ledger)$/);
        } catch (error) {
          expect(['InvalidInput', 'SourceNotFound']).toContain(error instanceof HoldfastError ? error.code : error);
        }
      }),
      { numRuns: 500 },
    );
  });
});
