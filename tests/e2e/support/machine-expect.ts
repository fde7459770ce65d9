/** How every run that fails must end, whatever the fault: see sections 2 and 5 of the design. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import type { ErrorCode } from '../../../core/errors.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { encodeDatabase, latestKey } from '../../../core/keys.ts';
import { leftovers, NOTHING, type Leftovers } from './machine-leftovers.ts';
import { endOf, findRow, rowOf, storedManifest, type MachineRun } from './machine-run.ts';
import type { MachineWorld } from './machine-world.ts';
import type { ServerLogin } from './stack.ts';

export interface ExpectedFailure {
  readonly code: ErrorCode;
  readonly cause: RegExp;
  /** All that the worker could be connected to. */
  readonly servers: readonly ServerLogin[];
  /** What is in S3 below the run's prefix; default: nothing. */
  readonly objects?: readonly string[];
  /** What of the source is somebody else's; default: nothing. */
  readonly left?: Partial<Leftovers>;
}

/** What a server says of its sessions, and the emulator of uploads, may lag behind the end of an execution. */
const SETTLE_MS = 20_000;

/** The execution, the row and the mail name the same failure, and nothing is left. @returns the row */
export async function expectFailed(world: MachineWorld, run: MachineRun, expected: ExpectedFailure): Promise<RunRow> {
  const { code, cause } = expected;
  const message = expect.stringMatching(cause) as unknown as string;
  expect(await endOf(world, run)).toMatchObject({ status: 'FAILED', error: code, cause: message });
  const row = await rowOf(world, run);
  expect(row).toMatchObject({ status: 'failed', failure: { code, message } });
  await expectAnnounced(world, run, 'failed', code, row.verdict);
  await expectLeft(world, run.source, expected);
  return row;
}

/** Nothing of the run is good: no verdict, no manifest, no object. */
export async function expectNothing(world: MachineWorld, run: MachineRun, expected: ExpectedFailure): Promise<RunRow> {
  const row = await expectFailed(world, run, expected);
  expect(row).not.toHaveProperty('verdict');
  return row;
}

/** One half is good. @returns the manifest, which lies beside the objects and in the row */
export async function expectPartial(
  world: MachineWorld,
  run: MachineRun,
  expected: ExpectedFailure,
): Promise<Manifest> {
  const row = await expectFailed(world, run, expected);
  const manifest = await storedManifest(world, run);
  expect(manifest.verdict).toBe('partial');
  expect(row).toMatchObject({ verdict: 'partial', snapshot: manifest.snapshot });
  return manifest;
}

/** One mail about the end, whose subject and text say what happened. */
export async function expectAnnounced(
  world: MachineWorld,
  { run, source }: MachineRun,
  outcome: 'failed' | 'aborted',
  code: ErrorCode,
  verdict?: string,
): Promise<void> {
  const mail = await world.mailbox.endOf(run);
  const name = source === '-' ? '(no source)' : source;
  expect(mail).toMatchObject({
    subject: `[holdfast] ${outcome.toUpperCase()} ${name}: ${code}${verdict === undefined ? '' : `, ${verdict}`}`,
    source,
    outcome,
    event: { run, failure: { code } },
  });
  expect(mail.text).toContain(`${code}: `);
}

/** What a good run leaves beside its dumps' own objects. */
const OBJECTS_OF_A_DUMP = ['archive.dump', 'evidence.json.gz', 'roles.sql'];

/** Names below the run's prefix, as `leftovers` gives them. */
export function objectsOf(databases: readonly string[], attempt = 1): string[] {
  return databases.flatMap((database) =>
    OBJECTS_OF_A_DUMP.map((file) => `${encodeDatabase(database)}/${attempt}/${file}`),
  );
}

/** A verified recovery point of these databases, announced once. @returns its manifest, as it is stored in S3 */
export async function expectSucceeded(
  world: MachineWorld,
  run: MachineRun,
  {
    servers,
    databases = ['shop'],
  }: { readonly servers: readonly ServerLogin[]; readonly databases?: readonly string[] },
): Promise<Manifest> {
  expect(await endOf(world, run)).toMatchObject({
    status: 'SUCCEEDED',
    output: { verdict: 'verified', failure: null },
  });
  expect(await rowOf(world, run)).toMatchObject({ status: 'succeeded', verdict: 'verified' });
  expect(await findRow(world, latestKey(run.source))).toMatchObject({ run: run.run });
  const mail = await world.mailbox.endOf(run.run);
  expect(mail).toMatchObject({
    subject: expect.stringMatching(
      `^\\[holdfast\\] SUCCEEDED ${run.source}: ${databases.length} databases? verified`,
    ) as unknown,
    outcome: 'succeeded',
  });
  const objects = [...objectsOf(databases), 'manifest.json'].sort();
  await expectLeft(world, run.source, { servers, objects });
  const manifest = await storedManifest(world, run);
  expect(manifest.dumps.map(({ database }) => database)).toEqual(databases);
  return manifest;
}

export async function expectLeft(
  world: MachineWorld,
  source: string,
  { servers, objects = [], left = {} }: Pick<ExpectedFailure, 'servers' | 'objects' | 'left'>,
): Promise<void> {
  const wanted = { ...NOTHING, objects, ...left };
  let found = await leftovers(world, source, servers);
  const deadline = Date.now() + SETTLE_MS;
  while (!isDeepStrictEqual(found, wanted) && Date.now() < deadline) {
    await sleep(200);
    found = await leftovers(world, source, servers);
  }
  expect(found).toEqual(wanted);
}
