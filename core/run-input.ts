/** What a person, a schedule or a program may say to start a backup. */
import * as z from 'zod';

export const PARTS = ['snapshot', 'dump'] as const;
export type Part = (typeof PARTS)[number];

export const TRIGGERS = ['schedule', 'manual', 'cli', 'ci'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Set by a schedule from its context attribute: the slot that its start claims. */
export const ScheduledTime = z.iso.datetime({ offset: true });

const LABEL_MAX = 128;

/** Input of an execution of the backup machine. Everything is optional where the configuration leaves one choice. */
export const RunInput = z.strictObject({
  source: z.string().min(1).optional(),
  /** Free text of a person, one line: "before 4.2". */
  label: z
    .string()
    .max(LABEL_MAX)
    .regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters')
    .optional(),
  include: z.array(z.enum(PARTS)).min(1).optional(),
  trigger: z.enum(TRIGGERS).optional(),
  scheduledTime: ScheduledTime.optional(),
  /** The console's "Start execution" adds it; it has no meaning here. */
  Comment: z.string().optional(),
});
export type RunInput = z.infer<typeof RunInput>;
