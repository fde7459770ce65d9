import { describe, expect, it } from '@jest/globals';
import { HoldfastError } from '../../../core/errors.ts';
import { chooseRestorePoint, planRestore, readRestoreInput } from '../../../core/plan-restore.ts';
import { planRestoreTest, readRestoreTestInput } from '../../../core/plan-restore-test.ts';
import { RestorePlan, RestoreTestPlan } from '../../../core/restore-record.ts';
import type { ThawEstimate } from '../../../core/thaw.ts';
import { CONFIG, execution, newestFirst, pointOf } from './restore-samples.ts';

const NO_THAW: ThawEstimate = { objects: 0, sizeBytes: 0, tier: 'Standard', hours: 0, dollars: 0 };
const TO = { target: 'staging' };

async function planned(input: object, thaw = NO_THAW): Promise<ReturnType<typeof planRestore>> {
  const request = readRestoreInput({ source: 'orders', database: 'orders', to: TO, ...input }, CONFIG);
  const point = await chooseRestorePoint(request, newestFirst(pointOf('20')));
  return planRestore(execution('restore', input), request, point, thaw);
}

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof HoldfastError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it was not refused');
}

const refused = (input: unknown): ReturnType<typeof refusal> => refusal(() => readRestoreInput(input, CONFIG));

describe('a restore', () => {
  it('says all that the machine and the worker need, and no secret', async () => {
    const { planned: run, plan, trigger } = await planned({ trigger: 'ci', tables: ['public.item'], roles: 'skip' });
    expect(run).toMatchObject({
      source: 'orders',
      run: 'r1',
      pk: 'SOURCE#orders',
      sk: 'RESTORE#2025-11-22T10:00:00.000Z#r1',
      dryRun: false,
      point: { run: 'orders-20', snapshotAt: '2025-11-20T02:31:00.000Z', verdict: 'verified' },
      to: 'staging',
      toDatabase: 'scratch',
      sizeBytes: 2000,
      thaw: { objects: 0, summary: 'nothing has to be thawed' },
      task: { cpu: '4096', memory: '8192', diskGiB: 50 },
    });
    expect(RestorePlan.parse(plan)).toEqual(plan);
    expect(plan).toMatchObject({
      point: { run: 'orders-20', sk: 'RUN#2025-11-20T02:30:00.000Z#orders-20' },
      tables: ['public.item'],
      roles: 'skip',
      allowNotEmpty: false,
      to: { name: 'staging', given: { secret: 'staging/restore' }, fallback: { secret: 'prod/orders' } },
      deadline: '2025-11-22T12:00:00.000Z',
    });
    expect(trigger).toBe('ci');
  });

  it('has the time of its worker after twice the time of its thaw', async () => {
    const { planned: run, plan } = await planned({}, { ...NO_THAW, objects: 1, sizeBytes: 1, hours: 5, dollars: 1 });
    expect(plan.deadline).toBe('2025-11-22T22:00:00.000Z');
    expect(plan.thaw).toEqual({ tier: 'Standard', summary: run.thaw.summary });
    expect((await planned({})).plan).not.toHaveProperty('thaw');
  });

  it('goes to the database that the input names, before that of the target', async () => {
    expect((await planned({ to: { target: 'staging', database: 'copy' } })).plan.toDatabase).toBe('copy');
    expect((await planned({ to: { secret: 'prod/orders' } })).plan.toDatabase).toBeNull();
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no input', null, 'InvalidInput', /^input: .*expected object/],
    ['no destination', { source: 'orders' }, 'InvalidInput', /^to: .*expected object/],
    ['an empty destination', { source: 'orders', to: {} }, 'InvalidInput', /neither target nor secret nor host/],
    [
      'an unknown key',
      { source: 'orders', to: TO, tabels: [] },
      'InvalidInput',
      /unknown key tabels \(allowed: source, .*tables/,
    ],
    [
      'an unknown key below',
      { source: 'orders', to: { ...TO, pasword: 'x' } },
      'InvalidInput',
      /unknown key to\.pasword \(allowed: secret, host/,
    ],
    [
      'a target and its address',
      { source: 'orders', to: { ...TO, host: 'h' } },
      'InvalidInput',
      /names a target and host/,
    ],
    [
      'a target that there is none',
      { source: 'orders', to: { target: 'stagin' } },
      'InvalidInput',
      /"stagin" \(configured: staging, by-host\)/,
    ],
    [
      'a target of the language',
      { source: 'orders', to: { target: 'constructor' } },
      'InvalidInput',
      /no restore target is named "constructor"/,
    ],
    ['a source that there is none', { source: 'order', to: TO }, 'SourceNotFound', /did you mean "orders"/],
    [
      'a table without a schema',
      { source: 'orders', to: TO, tables: ['item'] },
      'InvalidInput',
      /tables\.0: must be schema\.table.*, got "item"/,
    ],
    ['several mistakes', { source: 5, to: TO, roles: 'make' }, 'InvalidInput', /source: .*got 5; roles: .*got "make"/],
    [
      'a secret that the worker may not read',
      { source: 'orders', to: { secret: 'prod/payroll' } },
      'InvalidInput',
      /neither restoreTargets nor a source names/,
    ],
  ])('with %s is refused', (_title, input, code, message) => {
    expect(refused(input)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each(['prod/ledger', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/orders-x1y2z3'])(
    'takes a secret by its name or by its ARN: %s',
    (secret) => {
      expect(readRestoreInput({ source: 'orders', to: { secret } }, CONFIG).to.given).toEqual({ secret });
    },
  );

  it('repeats no login that stands in the wrong place', () => {
    const login = 'postgres://holdfast:hunter2@db/orders';
    for (const to of [login, { secret: login }, { host: login }, { target: 'staging', host: login }]) {
      expect(refused({ source: 'orders', to }).message).not.toContain('hunter2');
    }
  });

  it.each(['"Odd schema"."Odd ""table"""', 'public.item', 'a."b.c"'])('may be of the table %s', (table) => {
    expect(readRestoreInput({ source: 'orders', to: TO, tables: [table] }, CONFIG).input.tables).toEqual([table]);
  });
});

describe('a restore test', () => {
  const request = (input: object): ReturnType<typeof readRestoreTestInput> =>
    readRestoreTestInput(execution('restore-test', input), CONFIG);

  it('takes the checks and the target time of its source', () => {
    const { planned: run, plan } = planRestoreTest(
      execution('restore-test', {}),
      request({ source: 'orders' }),
      pointOf('20'),
    );
    expect(run).toMatchObject({ sk: 'TEST#2025-11-22T10:00:00.000Z#r1', point: { run: 'orders-20' } });
    expect(RestoreTestPlan.parse(plan)).toEqual(plan);
    expect(plan).toMatchObject({
      checks: [{ name: 'newest' }],
      firstDatabase: 'orders',
      rtoSeconds: 3600,
      deadline: '2025-11-22T12:00:00.000Z',
    });
  });

  it('needs no configuration', () => {
    const { plan } = planRestoreTest(execution('restore-test', {}), request({ source: 'ledger' }), pointOf('20'));
    expect(plan).toMatchObject({ checks: [], rtoSeconds: null, firstDatabase: 'orders' });
  });

  it('counts its window back from its start', () => {
    expect(request({ source: 'orders', window: '7d' }).randomSince).toBe('2025-11-15T10:00:00.000Z');
    expect(request({ source: 'orders' }).randomSince).toBeNull();
  });

  it('is refused with a window beside a point, and with a check that asks what is not there', () => {
    expect(refusal(() => request({ source: 'orders', window: '7d', recoveryPoint: 'orders-20' }))).toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('window: '),
    });
    const asked = request({ source: 'orders' });
    const checks = [{ name: 'c', database: 'gone', sql: 'select 1', expect: 1 }];
    const source = { ...asked.source.source, restoreTest: { cron: '0 6 1 * ? *', timezone: 'UTC', checks } };
    const work = (): unknown =>
      planRestoreTest(execution('restore-test', {}), { ...asked, source: { name: 'orders', source } }, pointOf('20'));
    expect(refusal(work)).toMatchObject({ code: 'DatabaseNotFound', message: expect.stringContaining('"gone"') });
  });
});
