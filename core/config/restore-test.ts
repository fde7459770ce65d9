/** How a recovery point is proven: by restoring it on a schedule, and asking it questions. */
import * as z from 'zod';
import { Cron, Duration, Name, Timezone } from './values.ts';

export const RestoreCheck = z.strictObject({
  name: Name,
  database: Name.optional().describe('database to ask; default: the first of the source'),
  sql: z.string().min(1),
  expect: z.union([z.string(), z.number(), z.boolean(), z.null()]),
});
export type RestoreCheck = z.infer<typeof RestoreCheck>;

export const RestoreTest = z
  .strictObject({
    cron: Cron,
    timezone: Timezone,
    window: Duration.optional().describe(
      'a random verified point that is at most so old is tested; default: the newest one',
    ),
    rto: Duration.optional().describe(
      'target for the recovery time; a test that takes longer passes, and raises an alarm',
    ),
    checks: z
      .array(RestoreCheck)
      .default([])
      .describe('statements that are run on the restored database; each returns one value'),
  })
  .describe('a restore into a throwaway Postgres, on a schedule; without it only people and programs start one');
