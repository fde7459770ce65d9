/** When a dump is so much smaller than the ones before it that a person should look. */
import * as z from 'zod';

export const SizeGate = z
  .union([
    z.literal(false),
    z.strictObject({
      minRatio: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe('smaller than so much of the median of the last verified dumps is suspect; 0: never'),
      emptiedTableRows: z
        .union([z.literal(false), z.int().min(1)])
        .default(1000)
        .describe('a table that had so many rows and now has none is suspect; false: never'),
    }),
  ])
  .describe('a dump that is suspect fails its run, is kept, and counts only once a person accepts it; false: none is');
export type SizeGate = z.infer<typeof SizeGate>;
