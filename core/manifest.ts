/** The manifest of a recovery point, format holdfast/1: what a restore needs to know, and who says that it is good. */
import * as z from 'zod';
import { TRIGGERS } from './run-input.ts';

export const MANIFEST_FORMAT = 'holdfast/1';

const Timestamp = z.iso.datetime();
const Count = z.int().nonnegative();

export const VERDICTS = ['verified', 'partial', 'suspect', 'snapshot-only'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const OBJECT_ROLES = ['archive', 'schema', 'data', 'roles', 'evidence'] as const;
export type ObjectRole = (typeof OBJECT_ROLES)[number];

export const Checksum = z.looseObject({
  algorithm: z.literal('CRC32'),
  type: z.literal('FULL_OBJECT').describe("over the object's bytes, not over the checksums of its parts"),
  value: z.base64().describe('base64 of the big-endian CRC32'),
});
export type Checksum = z.infer<typeof Checksum>;

export const StoredObject = z.looseObject({
  role: z
    .enum(OBJECT_ROLES)
    .describe('archive, or one schema and the data beside it; roles: SQL; evidence: gzipped JSON'),
  key: z.string().min(1),
  versionId: z.string().min(1).nullable().describe('the version to fetch, whatever was written since'),
  sizeBytes: Count,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('hex; computed by the worker over what it sent'),
  checksum: Checksum,
});
export type StoredObject = z.infer<typeof StoredObject>;

export const Totals = z.looseObject({
  tables: Count.describe('a partitioned table counts as one'),
  rows: Count.describe('0 where evidence is none'),
  sequences: Count,
  largeObjects: Count,
});
export type Totals = z.infer<typeof Totals>;

export const DatabaseDump = z.looseObject({
  database: z.string().min(1),
  client: z.string().describe('the client that wrote the archive, such as "pg_dump 17.11"'),
  snapshotAt: Timestamp.describe('when the exported snapshot was taken: the point in time that the data has'),
  encoding: z.string(),
  collation: z.string(),
  ctype: z.string(),
  localeProvider: z.enum(['libc', 'icu', 'builtin']),
  locale: z.string().nullable().describe('of ICU or of the builtin provider; null with libc'),
  warnings: z.array(z.string()).describe('of pg_dump; of unlogged tables; of sessions that waited for the dump'),
  objects: z.array(StoredObject).min(1),
  totals: Totals,
});
export type DatabaseDump = z.infer<typeof DatabaseDump>;

export const ManifestDump = DatabaseDump.extend({
  restore: z.array(z.string()).min(1).describe('commands that restore this database with stock tools'),
});

export const SNAPSHOT_KINDS = ['instance', 'cluster'] as const;

export const Snapshot = z.looseObject({
  kind: z.enum(SNAPSHOT_KINDS),
  identifier: z.string(),
  arn: z.string(),
  status: z.literal('available'),
  sizeGiB: Count,
  kmsKey: z.string().nullable().describe('null: not encrypted with a key of its own'),
});
export type Snapshot = z.infer<typeof Snapshot>;

export const Verification = z.looseObject({
  at: Timestamp,
  by: z.literal('VerifyDump'),
  objects: Count.describe('how many were compared and found equal'),
});
export type Verification = z.infer<typeof Verification>;

export const RestoreTestCheck = z.looseObject({
  name: z.string(),
  passed: z.boolean(),
  got: z.string().nullable().describe('the value that the statement returned, or why it returned none; null: SQL null'),
});
export type RestoreTestCheck = z.infer<typeof RestoreTestCheck>;

export const RESTORE_TEST_RESULTS = ['passed', 'failed', 'untestable'] as const;

/** What a restore test of the recovery point found; also the object `restore-test-<run>.json` beside the manifest. */
export const RestoreTestEntry = z.looseObject({
  run: z.string().describe('name of the execution of the restore test'),
  at: Timestamp.describe('when it ended'),
  outcome: z.enum(RESTORE_TEST_RESULTS),
  seconds: z.number().nonnegative().nullable().describe('the recovery time that was measured; null: never restored'),
  rtoSeconds: z.number().nonnegative().nullable().describe('the target for it; null: none is set'),
  comparedSha256: z
    .string()
    .nullable()
    .describe('hex, over everything that was compared with the evidence; null: not everything was'),
  by: z.string().describe('ARN of the execution that tested'),
  failure: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  checks: z.array(RestoreTestCheck).describe("the source's own SQL checks"),
});
export type RestoreTestEntry = z.infer<typeof RestoreTestEntry>;

export const Manifest = z.looseObject({
  format: z.literal(MANIFEST_FORMAT),
  source: z.string().describe('name in holdfast.yml'),
  run: z.string().describe('name of the execution'),
  label: z.string().nullable().describe('what the person who started it wrote'),
  trigger: z.enum(TRIGGERS),
  startedAt: Timestamp,
  finishedAt: Timestamp,
  verdict: z
    .enum(VERDICTS)
    .describe('verified: every database that was due; partial: what is listed and no more; the run failed'),
  server: z.looseObject({ version: z.string() }).nullable(),
  snapshot: Snapshot.nullable().describe('null: none was due, or it failed'),
  dumps: z.array(ManifestDump),
  verification: Verification.nullable(),
  restoreTests: z
    .array(RestoreTestEntry)
    .describe('oldest first; in the row, and in an object of its own beside this file, which is never written again'),
});
export type Manifest = z.infer<typeof Manifest>;

export const DatabaseGrant = z.looseObject({
  grantee: z.string().nullable().describe('null: PUBLIC'),
  privilege: z.string().describe('CREATE, TEMPORARY or CONNECT'),
  grantable: z.boolean(),
});
export type DatabaseGrant = z.infer<typeof DatabaseGrant>;

/** What the configuration kept out of a dump. */
export const LeftOut = z.looseObject({
  kind: z.string().describe('such as TABLE, VIEW or PUBLICATION'),
  schema: z.string().nullable().describe('null: it is in none'),
  name: z.string(),
  rowsOnly: z.boolean().describe('the dump has its definition, and not its rows or value'),
  by: z.string().describe('key of `dump` that says so, or argument in `dump.extraArgs`'),
});
export type LeftOut = z.infer<typeof LeftOut>;

/** What was true of the data inside the dump's own snapshot; the object `evidence.json.gz`. */
export const Evidence = z.looseObject({
  tables: z.array(z.looseObject({ schema: z.string(), name: z.string(), rows: Count })),
  sequences: z.array(z.looseObject({ schema: z.string(), name: z.string(), lastValue: z.string().nullable() })),
  largeObjects: z.looseObject({
    count: Count,
    sizeBytes: Count.optional().describe('of the content; absent where evidence is none'),
  }),
  extensions: z.array(z.looseObject({ name: z.string(), schema: z.string(), version: z.string() })),
  settings: z.array(z.looseObject({ name: z.string(), value: z.string(), role: z.string().nullable() })),
  leftOut: z.array(LeftOut).optional().describe('absent in evidence of the first versions of Holdfast'),
  database: z
    .looseObject({
      owner: z.string(),
      acl: z.array(DatabaseGrant).describe('every grant, also those that a database has by default'),
      connectionLimit: z.int().describe('-1: no limit'),
      comment: z.string().nullable(),
      collationVersion: z
        .string()
        .nullable()
        .optional()
        .describe('of the library that sorts its text, as the server had noted it; null: it has none, such as C'),
    })
    .optional()
    .describe('absent in evidence of the first versions of Holdfast'),
});
export type Evidence = z.infer<typeof Evidence>;
