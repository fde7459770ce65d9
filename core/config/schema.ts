/**
 * The shape of `holdfast.yml`: one schema, from which the types, the checks and the editors' JSON Schema come.
 * Every schema accepts its own output again, so that what was resolved can be stored and read back.
 */
import * as z from 'zod';
import { Connection, RestoreTarget } from './connection.ts';
import { Dump } from './dump.ts';
import { describeFargateMemory, FARGATE_CPU_UNITS, FARGATE_DISK_GIB, isFargateSize } from './fargate.ts';
import { Archive, Retention } from './keeping.ts';
import { SizeGate } from './size-gate.ts';
import { RestoreTest } from './restore-test.ts';
import { headOf, mayShow } from './show-value.ts';
import { sourceProblems } from './source-rules.ts';
import {
  Cron,
  distinct,
  Duration,
  durationBetween,
  isRecord,
  Name,
  namedEntries,
  textLike,
  Timezone,
} from './values.ts';

export { Connection } from './connection.ts';
export { Dump } from './dump.ts';

const RdsName = textLike(
  /^[A-Za-z](?:-?[A-Za-z0-9])*$/,
  'write the identifier that RDS shows, not an ARN or a host name',
);

const Rds = z
  .strictObject({
    instance: RdsName.optional().describe('identifier of the DB instance; exactly one of instance and cluster'),
    cluster: RdsName.optional().describe('identifier of the Aurora cluster or Multi-AZ DB cluster'),
    snapshot: z
      .strictObject({
        keepLast: z
          .int()
          .min(1)
          .max(100)
          .optional()
          .describe('how many of the snapshots that Holdfast made stay; held against the quota of the account'),
      })
      .optional(),
  })
  .superRefine(
    ({ instance, cluster }, context) => {
      if (instance === undefined && cluster === undefined) {
        context.addIssue({ code: 'custom', message: 'names neither instance nor cluster: give exactly one of them' });
      }
      if (instance !== undefined && cluster !== undefined) {
        context.addIssue({ code: 'custom', message: 'names both instance and cluster: give exactly one of them' });
      }
    },
    { when: ({ value }) => isRecord(value) },
  )
  .describe('the RDS instance or cluster to snapshot; without it no snapshot is made');

const CPU_HELP = `Fargate has ${FARGATE_CPU_UNITS.join(', ')}`;

const Worker = z
  .strictObject({
    cpu: z
      .literal(FARGATE_CPU_UNITS as number[], {
        error: ({ input }) => `${mayShow(input) ? `${String(input)} ` : ''}is no size: ${CPU_HELP}`,
      })
      .default(2048)
      .describe('CPU units of the Fargate task; 1024 are one vCPU'),
    memory: z.int().default(4096).describe('memory of the Fargate task in MiB; which sizes there are depends on cpu'),
    diskGiB: z
      .int()
      .min(FARGATE_DISK_GIB.min)
      .max(FARGATE_DISK_GIB.max)
      .default(FARGATE_DISK_GIB.min)
      .describe(
        'ephemeral storage of the task in GiB; a dump keeps parts of archives beyond 42 GB there, a restore test holds the database',
      ),
    timeout: durationBetween('1m', '23h').default('6h').describe('a run that takes longer fails with DeadlineExceeded'),
    stallAfter: durationBetween('1m', '23h')
      .default('15m')
      .describe('a dump of which no byte moves for so long fails with DumpStalled'),
  })
  .superRefine(
    ({ cpu, memory }, context) => {
      if (!FARGATE_CPU_UNITS.includes(cpu) || !Number.isInteger(memory) || isFargateSize(cpu, memory)) return;
      const message = `${memory} MiB does not go with cpu ${cpu}: Fargate allows ${describeFargateMemory(cpu)}`;
      context.addIssue({ code: 'custom', path: ['memory'], message });
    },
    { when: ({ value }) => isRecord(value) },
  )
  .describe('size of the worker, which is paid by the second');

const Schedule = z
  .strictObject({
    cron: Cron,
    timezone: Timezone,
    jitterMinutes: z
      .int()
      .min(0)
      .max(1440)
      .default(0)
      .describe('the run starts at a moment of its own within so many minutes, so that not all start at once'),
  })
  .describe('when a run starts by itself; without it only people and programs start runs');

const Network = z
  .strictObject({
    subnets: z
      .array(textLike(/^subnet-[0-9a-z]+$/, 'write the id of a subnet, such as subnet-0a1b2c3d'))
      .min(1)
      .describe('subnets of the worker, with a route to the database, S3 and the AWS APIs'),
    securityGroups: z
      .array(textLike(/^sg-[0-9a-z]+$/, 'write the id of a security group, such as sg-0a1b2c3d'))
      .min(1)
      .max(5)
      .describe('security groups of the worker; the database must admit one of them'),
  })
  .describe('where the worker runs; needed to deploy, not on the local stack');

const NOTIFIED_OUTCOMES = ['started', 'failed', 'succeeded'] as const;

const Notifications = z
  .strictObject({
    email: distinct(z.array(z.email({ error: ({ input }) => `${headOf(input)}is not an e-mail address` })))
      .default([])
      .describe('addresses that get a mail; each confirms its subscription once'),
    on: z
      .array(z.enum(NOTIFIED_OUTCOMES))
      .min(1)
      .default(['failed', 'succeeded'])
      .describe('what the mails are sent for; the topic itself gets everything'),
  })
  .describe('who is told what became of a run');

const Storage = z
  .strictObject({
    objectLock: z
      .strictObject({
        mode: z.enum(['governance', 'compliance']),
        days: z.int().min(1).max(36_500),
      })
      .optional()
      .describe(
        'how long nobody may delete an object: in governance mode nobody without a special right, in compliance mode nobody',
      ),
    kmsKey: textLike(
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[A-Za-z0-9-]+$/,
      'write the ARN of a KMS key, not of an alias: roles are granted the key itself',
    )
      .optional()
      .describe("ARN of the KMS key of the bucket; S3's own key where it is not given"),
  })
  .describe('how the bucket stores objects');

/** The run's row holds what became of each, about 2 KB; an item of DynamoDB holds 400 KB. */
export const DATABASES_MAX = 100;

const Databases = distinct(
  z
    .array(Name)
    .min(1, { error: 'is empty: list databases, or leave the key out to take the database of the connection' })
    .max(DATABASES_MAX, `a source holds ${DATABASES_MAX} databases: split it into several sources`),
)
  .refine((names) => !names.includes('*') || names.length === 1, '"*" stands for all databases: write it alone')
  .describe('databases to dump; default: the database of the connection; "*": all that accept connections');

/** The keys of a source, which are also the keys of `defaults`. */
export const SOURCE_KEYS = {
  type: z.literal('postgres').default('postgres').describe('kind of the source'),
  rds: Rds.optional(),
  connection: Connection.describe('how to reach the server'),
  databases: Databases.optional(),
  dump: Dump.prefault({}),
  worker: Worker.prefault({}),
  network: Network.optional(),
  schedule: Schedule.optional(),
  alarmAfter: Duration.optional().describe(
    'older than this without a verified recovery point is an alarm; default: the longest time between two starts of the schedule, its jitter, worker.timeout and two hours',
  ),
  sizeGate: SizeGate.prefault({}),
  retention: Retention.optional(),
  archive: Archive.optional(),
  restoreTest: RestoreTest.optional(),
};

export const Source = z.strictObject(SOURCE_KEYS).superRefine(
  (source, context) => {
    for (const { path, message } of sourceProblems(source))
      context.addIssue({ code: 'custom', path: [...path], message });
  },
  { when: ({ value }) => isRecord(value) },
);
export type Source = z.infer<typeof Source>;

/** The keys of the whole file beside `defaults`, which is merged into the sources before they are checked. */
export const CONFIG_KEYS = {
  notifications: Notifications.prefault({}),
  network: Network.optional(),
  storage: Storage.prefault({}),
  restoreTargets: namedEntries(RestoreTarget)
    .default({})
    .describe('servers that the restore machine may restore to, by name'),
  sources: namedEntries(Source)
    .refine((sources) => Object.keys(sources).length > 0, {
      error: 'is empty: name at least one source',
      when: ({ value }) => isRecord(value),
    })
    .describe('what is backed up, by name'),
};

/** The resolved configuration: defaults are merged, every source stands for itself. */
export const Config = z.strictObject(CONFIG_KEYS);
export type Config = z.infer<typeof Config>;
