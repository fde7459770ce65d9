/** How to reach a Postgres server: what the secret does not say, and how its certificate is judged. */
import * as z from 'zod';
import { isRecord, Name } from './values.ts';

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** IAM tokens are worth as much as passwords: RDS takes them over TLS only, and so do we. */
const ENCRYPTED_SSL_MODES: readonly string[] = ['require', 'verify-ca', 'verify-full'];

/** The alphabet of Secrets Manager, or an ARN: a connection string or JSON in its place is no name. */
const SECRET_PATTERN =
  /^(?:[A-Za-z0-9/_+=.@!-]{1,512}|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,519})$/;

const KEYS = {
  // Neither this value nor that of host is repeated in a message: a URL in its place holds a password.
  secret: z
    .string()
    .regex(SECRET_PATTERN, 'is not valid: write the name or ARN of a secret in Secrets Manager, not the login itself')
    .optional()
    .describe(
      'name or ARN of the secret in Secrets Manager: {"username","password","host","port","dbname"}, the last three optional',
    ),
  host: z
    .string()
    .regex(/^[^\s/,@]+$/, 'is no host: write one host name or address, without a scheme, user or port')
    .optional()
    .describe('host of the server, where neither the secret nor rds says it'),
  port: z.int().min(1).max(65_535).optional().describe('port of the server; 5432 where nothing says it'),
  user: Name.optional().describe('user to log in as, where the secret does not say it or for auth iam'),
  database: Name.optional().describe('database to connect to, where the secret does not say it'),
};

const Auth = z.enum(['password', 'iam']);
const SslMode = z.enum(SSL_MODES);

const AUTH_HELP = 'how the user proves itself: the password in the secret, or an IAM token of RDS';
const SSL_MODE_HELP = "libpq's sslmode; what is weaker than verify-full does not prove who the server is";

export const Connection = z
  .strictObject({
    ...KEYS,
    auth: Auth.default('password').describe(AUTH_HELP),
    sslMode: SslMode.default('verify-full').describe(SSL_MODE_HELP),
  })
  .superRefine(
    ({ secret, auth, user, sslMode }, context) => {
      const addIssue = (key: string, message: string): void => {
        context.addIssue({ code: 'custom', path: [key], message });
      };
      if (secret === undefined && auth === 'password') {
        addIssue('secret', 'is required: name the secret that holds the login, or use auth: iam with a user');
      }
      if (secret === undefined && auth === 'iam' && user === undefined) {
        addIssue('user', 'is required for auth: iam without a secret: name the user that may log in with a token');
      }
      if (
        auth === 'iam' &&
        (SSL_MODES as readonly string[]).includes(sslMode) &&
        !ENCRYPTED_SSL_MODES.includes(sslMode)
      ) {
        addIssue('sslMode', `${sslMode} does not go with auth: iam, which RDS takes over TLS only: use verify-full`);
      }
    },
    // Beside other mistakes too: all errors are reported at once.
    { when: ({ value }) => isRecord(value) },
  );
export type Connection = z.infer<typeof Connection>;

/** A target of restores: what is missing comes from its secret, then from the connection of the source. */
export const RestoreTarget = z
  .strictObject({
    ...KEYS,
    auth: Auth.optional().describe(AUTH_HELP),
    sslMode: SslMode.optional().describe(SSL_MODE_HELP),
  })
  .refine((target) => target.secret !== undefined || target.host !== undefined, {
    path: ['secret'],
    error: 'is required, or a host: a target says at least where it is',
    when: ({ value }) => isRecord(value),
  });
