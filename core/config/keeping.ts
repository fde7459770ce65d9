/** How long recovery points stay, and where old ones go. */
import * as z from 'zod';
import { Duration, isRecord } from './values.ts';

/** The keys of `retention` that keep something; `atLeast` alone would remove nearly everything. */
const KEEPING_KEYS = ['keepLast', 'daily', 'weekly', 'monthly', 'yearly', 'maxAge'] as const;

const count = (what: string): z.ZodOptional<z.ZodInt> => z.int().min(1).max(10_000).optional().describe(what);

export const Retention = z
  .strictObject({
    keepLast: count('the newest verified recovery points that stay'),
    daily: count('days of which the newest verified recovery point stays'),
    weekly: count('weeks of which the newest verified recovery point stays'),
    monthly: count('months of which the newest verified recovery point stays'),
    yearly: count('years of which the newest verified recovery point stays'),
    atLeast: z
      .int()
      .min(1)
      .max(10_000)
      .default(1)
      .describe('so many verified recovery points always stay, whatever the other rules say'),
    maxAge: Duration.optional().describe('what is older goes, except for atLeast'),
  })
  .refine((retention) => KEEPING_KEYS.some((key) => retention[key] !== undefined), {
    error: `has no rule that keeps anything: give at least one of ${KEEPING_KEYS.join(', ')}`,
    when: ({ value }) => isRecord(value),
  })
  .describe('which recovery points stay; without it nothing is removed but what failed runs left');

/** S3 refuses a lifecycle rule that moves objects to STANDARD_IA earlier. */
const STANDARD_IA_MIN_DAYS = 30;

export const Archive = z
  .strictObject({
    afterDays: z.int().min(1).max(36_500).describe('age in days at which archives move'),
    storageClass: z
      .enum(['STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'])
      .describe('storage class that they move to; GLACIER and DEEP_ARCHIVE are thawed for hours before a restore'),
  })
  .superRefine(({ afterDays, storageClass }, context) => {
    if (storageClass !== 'STANDARD_IA' || afterDays >= STANDARD_IA_MIN_DAYS) return;
    const message = `${afterDays} is too early for STANDARD_IA: S3 takes ${STANDARD_IA_MIN_DAYS} days or more`;
    context.addIssue({ code: 'custom', path: ['afterDays'], message });
  })
  .describe('where archives of 16 MiB or more go when they are old');
