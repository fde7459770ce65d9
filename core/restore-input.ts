/** What a person, a schedule or a program may say to start a restore or a restore test. */
import * as z from 'zod';
import { RestoreTarget } from './config/connection.ts';
import { Duration, Name } from './config/values.ts';
import { ROLE_CHOICES } from './restore-record.ts';
import { ScheduledTime, TRIGGERS } from './run-input.ts';
import { THAW_TIERS } from './thaw.ts';

/** The newest verified recovery point. */
export const LATEST = 'latest';

const RecoveryPoint = z.string().min(1).default(LATEST);

const Starter = {
  source: z.string().min(1).optional(),
  trigger: z.enum(TRIGGERS).optional(),
  /** The console's "Start execution" adds it; it has no meaning here. */
  Comment: z.string().optional(),
};

/** `schema.table`, each part as in SQL: bare, or in double quotes. */
const TABLE_PATTERN = /^(?:[^\s."]+|"(?:[^"]|"")+")\.(?:[^\s."]+|"(?:[^"]|"")+")$/;

/** Where to restore to: a target of `restoreTargets` by name, or the keys of a connection. */
const Destination = z
  .strictObject({ ...RestoreTarget.shape, target: z.string().min(1).optional() })
  .superRefine(({ target, database, ...connection }, context) => {
    const own = Object.keys(connection).join(', ');
    if (target !== undefined && own !== '') {
      context.addIssue({ code: 'custom', message: `names a target and ${own}: the target says that already` });
    }
    if (target === undefined && connection.secret === undefined && connection.host === undefined) {
      context.addIssue({
        code: 'custom',
        message: 'names neither target nor secret nor host: say where to restore to',
      });
    }
  });
export type Destination = z.infer<typeof Destination>;

/** Input of an execution of the machine `restore`. */
export const RestoreInput = z.strictObject({
  ...Starter,
  /** `latest`, the name of a run, or a time: the newest verified point whose data is not younger. */
  recoveryPoint: RecoveryPoint,
  /** Needed where the recovery point holds several. */
  database: Name.optional(),
  to: Destination,
  tables: z.array(z.string().regex(TABLE_PATTERN, 'must be schema.table, with double quotes as in SQL')).default([]),
  schemas: z.array(Name).default([]),
  roles: z.enum(ROLE_CHOICES).default('create'),
  allowNotEmpty: z.boolean().default(false),
  /** How fast archived objects are thawed; faster costs more. */
  thawTier: z.enum(THAW_TIERS).default('Standard'),
  /** Only says what would be done, how long a thaw takes and what it costs. */
  dryRun: z.boolean().default(false),
});
export type RestoreInput = z.infer<typeof RestoreInput>;

/** Input of an execution of the machine `restore-test`. */
export const RestoreTestInput = z
  .strictObject({
    ...Starter,
    recoveryPoint: RecoveryPoint,
    /** Instead of the newest: a random verified point that is at most so old, such as "30d". */
    window: Duration.optional(),
    scheduledTime: ScheduledTime.optional(),
  })
  .refine(({ recoveryPoint, window }) => window === undefined || recoveryPoint === LATEST, {
    path: ['window'],
    error: 'goes with no recoveryPoint: name one of them',
  });
export type RestoreTestInput = z.infer<typeof RestoreTestInput>;
