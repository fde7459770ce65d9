/** What pg_dump is to do with each database of a source. */
import * as z from 'zod';
import { ALLOWED_PG_DUMP_ARGUMENTS, compressionProblem } from './pg-dump-arguments.ts';
import { headOf } from './show-value.ts';
import { Name, textWith } from './values.ts';

const ARGUMENTS_HELP = `only these are passed on: ${ALLOWED_PG_DUMP_ARGUMENTS.join(', ')}`;

export const Dump = z
  .strictObject({
    jobs: z
      .union([z.literal('auto'), z.int().min(1).max(32)], {
        error: ({ input }) => `${headOf(input)}is not valid: write auto, or a whole number from 1 to 32`,
      })
      .default('auto')
      .describe(
        'how many pg_dump read a database at once, each its share of the tables; auto: from 1 GB of data on as many as the worker has processors, 2 to 4; no more than 4 each in a source of a hundred databases',
      ),
    compression: textWith(compressionProblem)
      .default('zstd:1')
      .describe('none, or gzip, lz4 or zstd with an optional level, such as gzip:6'),
    excludeTables: z
      .array(Name)
      .default([])
      .describe("patterns of pg_dump's --exclude-table: neither their definition nor their rows are in the dump"),
    excludeTableData: z
      .array(Name)
      .default([])
      .describe("patterns of pg_dump's --exclude-table-data: their rows are not in the dump"),
    extraArgs: z
      .array(
        z.enum(ALLOWED_PG_DUMP_ARGUMENTS, {
          error: ({ input }) => `${headOf(input)}is not allowed, because a dump must hold all rows: ${ARGUMENTS_HELP}`,
        }),
      )
      .default([])
      .describe('further arguments of pg_dump, from a short list that leaves out no row'),
    evidence: z
      .enum(['counts', 'none'])
      .default('counts')
      .describe('counts: the exact rows of every table, from the snapshot of the dump; none: no count'),
    onBlockedDdl: z
      .enum(['warn', 'fail'])
      .default('warn')
      .describe(
        'when a session waits for what a dump has locked (DDL, TRUNCATE, CREATE INDEX CONCURRENTLY): warn in the message, or fail the dump',
      ),
  })
  .describe('how the databases are dumped');
export type Dump = z.infer<typeof Dump>;
