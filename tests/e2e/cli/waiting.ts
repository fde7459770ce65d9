/** `holdfast backup --wait` while the run takes its time: what is shown, Ctrl-C, and a stop from outside. */
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '../local/mend-suite.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { holdfast, holdfastJson, startHoldfast, startInTerminal, type Running } from './holdfast.ts';
import { RUN_NAME, type Shop } from './shop.ts';

export function testWaiting(world: () => Shop): void {
  describe('a run that takes its time', () => {
    const keep = stopAfterTests();
    let blocker: Client;
    let waiting: Running;
    let run: string;

    beforeAll(async () => {
      blocker = new Client({ ...world().server, database: 'shop' });
      await keep(blocker.connect().then(() => ({ stop: () => blocker.end() })));
      await blocker.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
      waiting = startInTerminal(world().stack.env, ['backup', 'shop', '--wait']);
      run = await eventually(async () => Promise.resolve(RUN_NAME.exec(waiting.stdout())?.[0]), 20_000);
    });

    test('shows one live line in a terminal, with the bytes that the worker reports', async () => {
      await eventually(
        async () =>
          Promise.resolve(/BackUp {2}dumping shop, 0 of 2 databases done/.exec(waiting.stdout()) ?? undefined),
        60_000,
      );
      expect(waiting.stdout()).toContain('\u001b[2K');
    });

    test('is shown with its progress', async () => {
      const { stdout } = await holdfast(world().stack.env, 'show', run);
      expect(stdout).toMatch(/^ {2}progress +dumping shop, 0 of 2 databases done/m);
      const { document } = await holdfastJson(world().stack.env, 'show', run);
      expect(document).toMatchObject({ status: 'running', progress: { phase: 'dumping', databasesDue: 2 } });
    });

    test('keeps out a second one: exit code 4 and its name', async () => {
      const { code, stderr } = await holdfast(world().stack.env, 'backup', 'shop', '--wait');
      expect(code).toBe(4);
      expect(stderr).toContain(`run ${run} of source shop is still active`);
    });

    test('goes on after Ctrl-C, which says so and how to stop it', async () => {
      waiting.child.stdin.write('\u0003');
      const { code, stdout } = await waiting.ended;
      expect(code).toBe(130);
      expect(stdout).toContain(`error: Cancelled: stopped waiting, but run ${run} goes on`);
      expect(stdout).toContain('aws stepfunctions stop-execution --execution-arn arn:');
      expect((await holdfastJson(world().stack.env, 'show', run)).document).toMatchObject({ status: 'running' });
    });

    test('ends as Cancelled for whoever waits when it is stopped', async () => {
      await blocker.query('COMMIT');
      await eventually(async () => {
        const { document } = await holdfastJson(world().stack.env, 'show', run);
        return document['status'] === 'succeeded' ? true : undefined;
      }, 60_000);
      await blocker.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
      const stopped = startHoldfast(world().stack.env, ['backup', 'shop', '--wait', '--json']);
      const name = await eventually(async () => {
        const { document } = await holdfastJson(world().stack.env, 'list', 'shop', '--limit', '1');
        const [newest] = document['runs'] as { run: string; status: string }[];
        return newest?.status === 'running' ? newest.run : undefined;
      }, 30_000);
      const executionArn = `${world().stack.info.stateMachines.backup.replace(':stateMachine:', ':execution:')}:${name}`;
      await world().stack.clients.stepFunctions.send(new StopExecutionCommand({ executionArn }));
      const { code, stdout } = await stopped.ended;
      expect(code).toBe(130);
      expect(JSON.parse(stdout)).toMatchObject({ run: name, status: 'aborted', error: { code: 'Cancelled' } });
      await blocker.query('COMMIT');
    });
  });
}
