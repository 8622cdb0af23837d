import { resolve } from 'node:path';
import { z } from 'zod';

interface Variable<T> {
  /** What the README's table says of it. */
  about: string;
  /** What the README's table gives as default. */
  default: string;
  parse: z.ZodType<T>;
}

function variable<T>(about: string, fallback: string, parse: z.ZodType<T>): Variable<T> {
  return { about, default: fallback, parse };
}

/** Values with commas between them. */
const listOf = <Item>(item: z.ZodType<Item, string>) =>
  z
    .string()
    .default('')
    .transform((given) =>
      given
        .toLowerCase()
        .split(',')
        .map((value) => value.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item));

const range = (kind: string, least: number, most: number) =>
  `must be a ${kind} from ${least}${most === Infinity ? ' up' : ` to ${most}`}`;

function number(fallback: number, least: number, most = Infinity) {
  const error = range('number', least, most);
  return z.coerce.number(error).min(least, error).max(most, error).default(fallback);
}

function count(least: number, most = Infinity) {
  const error = range('whole number', least, most);
  return z.coerce.number(error).int(error).min(least, error).max(most, error);
}

function whole(fallback: number, least: number, most = Infinity) {
  return count(least, most).default(fallback);
}

const STATEMENTS_PER_PERSON = 3;
const MEGABYTE = 1024 * 1024;

function isOrigin(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { pathname, search, hash, username, password, hostname } = new URL(given);
  return (
    pathname === '/' &&
    `${search}${hash}${username}${password}` === '' &&
    !hostname.includes(',') &&
    !/[?#@]/.test(given)
  );
}

const optional = z.string().min(1).optional();

/** Every environment variable that the server reads. The README's table is generated from this list. */
export const variables = {
  HOST: variable('Address to listen on', '127.0.0.1', z.string().min(1).default('127.0.0.1')),
  PORT: variable('Port to listen on; 0 takes a free one', '4000', whole(4000, 0, 65_535)),
  PUBLIC_URL: variable(
    'Public address of the server: scheme, host and port, without a path. Requests for other hosts are refused, except those of ALLOWED_ORIGINS, localhost and IP addresses',
    'http://HOST:PORT',
    z
      .url({ protocol: /^https?$/, message: 'must read like https://tasks.example.com' })
      .refine(
        isOrigin,
        'must be one address without path, password, query or fragment, like https://tasks.example.com; Taskwire does not run below a path',
      )
      .transform((given) => new URL(given).origin)
      .optional(),
  ),
  ALLOWED_ORIGINS: variable(
    'Other origins (comma-separated) that may use the API and its WebSockets with the browser’s cookie, like https://app.example.com',
    'none',
    listOf(
      z
        .url({
          protocol: /^https?$/,
          message: 'must be origins with commas between them, like https://app.example.com',
        })
        .transform((given) => new URL(given).origin),
    ),
  ),
  DATA_DIR: variable('Folder of the bundled database and the secrets', '.data', z.string().default('.data')),
  DATABASE_URL: variable(
    'PostgreSQL to use instead of the bundled one',
    'none',
    z
      .url({
        protocol: /^postgres(ql)?$/,
        message: 'must read like postgres://user:password@host:5432/database',
      })
      // Without a name PostgreSQL would take the database that is named as the role is.
      .refine((given) => !URL.canParse(given) || new URL(given).pathname.length > 1, {
        message: 'must name the database, like postgres://user:password@host:5432/database',
      })
      .optional(),
  ),
  REDIS_URL: variable(
    'Redis for rate limits and for notifications between processes. Without it, notifications go through PostgreSQL and each process counts limits by itself. Deployments with different AUTH_SECRETs can share one',
    'none',
    z.url({ protocol: /^rediss?$/, message: 'must read like redis://host:6379' }).optional(),
  ),
  WORKERS: variable(
    'Number of server processes; about one for each core that PostgreSQL leaves free',
    '1',
    whole(1, 1, 64),
  ),
  EVENT_RETENTION_DAYS: variable(
    'Days to keep events, and with them the activity, audit trail and history',
    '400',
    whole(400, 1, 36_500),
  ),
  DATABASE_POOL_SIZE: variable('Maximum number of database connections', '10', whole(10, 2, 1000)),
  DATABASE_STATEMENTS_PER_PERSON: variable(
    'Maximum number of these connections for one person, or for one address that has not signed in; less than DATABASE_POOL_SIZE',
    '3, or less with a smaller pool',
    count(1, 999).optional(),
  ),
  AUTH_SECRET: variable(
    'Secret that signs sessions, at least 32 characters. Required with DATABASE_URL in production',
    'generated and kept in DATA_DIR',
    z.string().min(32, 'must have 32 characters or more').optional(),
  ),
  ADMIN_EMAILS: variable(
    'Addresses of administrators (comma-separated), who read the audit trail of all people and the server’s performance. An address counts once it is verified: after its owner has signed up, run `npm run account -- verify <address>`',
    'none',
    listOf(z.email('must be email addresses with commas between them')),
  ),
  BACKUP_DIR: variable(
    'Folder for backups, preferably on another disk than the database',
    'backups',
    z.string().default('backups'),
  ),
  BACKUP_KEEP_DAYS: variable(
    'Days to keep backups. The last good backup is always kept',
    '7',
    whole(7, 1, 36_500),
  ),
  BACKUP_SCHEDULE: variable(
    'When to back up, as a cron expression in UTC like "0 3 * * *". With several servers, set it on one',
    'none',
    z
      .string()
      .regex(/^(\S+\s+){4,5}\S+$/, 'must be a cron expression of five fields, like "0 3 * * *"')
      .optional(),
  ),
  SLOW_MS: variable(
    'Operations and SQL statements that take longer are logged, in milliseconds',
    '100',
    number(100, 0),
  ),
  TRACE_SAMPLE_RATE: variable(
    'Fraction of operations whose resolvers are traced, from 0 to 1',
    '0.01',
    number(0.01, 0, 1),
  ),
  METRICS_TOKEN: variable(
    'Bearer token that /metrics requires, at least 16 characters. Without it /metrics answers this machine only, and is closed where TRUST_PROXY is set',
    'none',
    z.string().min(16, 'must have 16 characters or more').optional(),
  ),
  GRAPHIQL: variable(
    'GraphiQL at /graphql for browsers: on or off',
    'on',
    z.enum(['on', 'off'], 'must be on or off').default('on'),
  ),
  REQUESTS_PER_ADDRESS: variable(
    'Maximum number of concurrent HTTP requests from one network address, per process. Behind a proxy set TRUST_PROXY',
    '1000',
    whole(1000, 1),
  ),
  SOCKETS_PER_PERSON: variable(
    'Maximum number of open WebSockets and event streams for one person, per process',
    '50',
    whole(50, 1),
  ),
  SUBSCRIPTIONS_PER_PERSON: variable(
    'Maximum number of open subscriptions for one person, per process, over all connections',
    '500',
    whole(500, 1),
  ),
  UNSENT_MB_PER_PERSON: variable(
    'Maximum number of megabytes waiting to be read by the WebSockets and event streams of one person, per process. Beyond it the slowest connection is closed',
    '16',
    whole(16, 5),
  ),
  UNSENT_MB: variable('The same for all people together, per process', '128', whole(128, 5)),
  STORAGE_ROWS_PER_PERSON: variable(
    'Storage quota: tasks, comments, messages and other objects for one person; 0 turns it off',
    '1000000',
    whole(1_000_000, 0),
  ),
  STORAGE_MB_PER_PERSON: variable(
    'Storage quota: megabytes of text for one person; 0 turns it off. With indexes the database needs several times as much',
    '1000',
    whole(1_000, 0),
  ),
  SOCKETS_PER_ADDRESS: variable(
    'Maximum number of open WebSockets from one network address, per process. Behind a proxy set TRUST_PROXY',
    '1000',
    whole(1000, 1),
  ),
  HEARTBEAT_SECONDS: variable(
    'Ping interval for WebSockets; shorter than the idle time-out of the proxies in front',
    '30',
    number(30, 1, 3_600),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    'OpenTelemetry collector for traces and metrics. The other standard OTEL_ variables apply too',
    'none',
    z.url().optional(),
  ),
  RATE_LIMIT_POINTS: variable(
    'Rate limit: points for each viewer per minute; 0 turns it off',
    '1000000',
    whole(1_000_000, 0),
  ),
  RATE_LIMIT_REQUESTS: variable(
    'Rate limit: requests from one network address per process and minute, including refused ones; a document new to the process counts as 10. 0 turns it off, and this machine has none. Behind a proxy set TRUST_PROXY',
    '6000',
    whole(6_000, 0),
  ),
  SIGN_IN_ATTEMPTS: variable(
    'Failed sign-ins allowed per account and network in 15 minutes. Unknown browsers together get ten times as many per hour, then one a minute per network. 0 turns off these limits, and the one on sign-ups',
    '10',
    whole(10, 0),
  ),
  INVITATIONS_PER_HOUR: variable(
    'Invitations to teams that one person can send per hour. One address gets at most a tenth as many from one person, and half as many from all people. 0 turns it off',
    '100',
    whole(100, 0),
  ),
  TRUST_PROXY: variable(
    'Number of trusted reverse proxies, used to read the client’s address from X-Forwarded-For; see docs/proxies.md',
    '0',
    whole(0, 0, 10),
  ),
  LOG_LEVEL: variable(
    'Log level: trace, debug, info, warn, error or silent',
    'info',
    z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
        'must be trace, debug, info, warn, error or silent',
      )
      .default('info'),
  ),
  NODE_ENV: variable('With "production", a missing AUTH_SECRET is an error', 'none', optional),
} satisfies Record<string, Variable<unknown>>;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Config {
  host: string;
  port: number;
  /** Absolute when the variable is set; otherwise known once the server listens. */
  publicUrl: string | undefined;
  /** As browsers write them. */
  allowedOrigins: string[];
  dataDir: string;
  databaseUrl: string | undefined;
  databasePoolSize: number;
  databaseStatementsPerPerson: number;
  redisUrl: string | undefined;
  workers: number;
  eventRetentionDays: number;
  authSecret: string | undefined;
  /** In lower case. */
  adminEmails: string[];
  /** Absolute. */
  backupDir: string;
  backupKeepDays: number;
  /** A cron expression. */
  backupSchedule: string | undefined;
  slowMs: number;
  /** Of 1. */
  traceSampleRate: number;
  metricsToken: string | undefined;
  hasGraphiql: boolean;
  requestsPerAddress: number;
  socketLimits: { ofAddress: number; heartbeatMs: number };
  /** Connections in number, the rest in bytes. */
  connectionLimits: { ofPerson: number; unsentOfPerson: number; unsentInAll: number };
  mostSubscriptions: number;
  /** Of one person; 0 sets no limit. */
  storageQuota: { rows: number; bytes: number };
  otlpEndpoint: string | undefined;
  rateLimitPoints: number;
  rateLimitRequests: number;
  signInAttempts: number;
  invitationsPerHour: number;
  trustProxy: number;
  logLevel: LogLevel;
}

/** A setting that the server cannot start with; its message names the variable and the mend. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the environment once.
 * @throws ConfigError naming each variable that is at fault.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const faults: string[] = [];
  const read = <Name extends keyof typeof variables>(name: Name) => {
    const given = env[name];
    const result = variables[name].parse.safeParse(given === '' ? undefined : given);
    if (!result.success) faults.push(`${name}: ${result.error.issues[0]?.message ?? 'is not valid'}`);
    return result.data as z.infer<(typeof variables)[Name]['parse']>;
  };
  const poolSize = read('DATABASE_POOL_SIZE');
  const perPerson = read('DATABASE_STATEMENTS_PER_PERSON');
  if (perPerson !== undefined && perPerson >= poolSize)
    faults.push(`DATABASE_STATEMENTS_PER_PERSON: must be less than DATABASE_POOL_SIZE, which is ${poolSize}`);
  const config: Config = {
    host: read('HOST'),
    port: read('PORT'),
    publicUrl: read('PUBLIC_URL'),
    allowedOrigins: read('ALLOWED_ORIGINS'),
    dataDir: resolve(read('DATA_DIR')),
    databaseUrl: read('DATABASE_URL'),
    databasePoolSize: poolSize,
    databaseStatementsPerPerson: perPerson ?? Math.min(STATEMENTS_PER_PERSON, poolSize - 1),
    redisUrl: read('REDIS_URL'),
    workers: read('WORKERS'),
    eventRetentionDays: read('EVENT_RETENTION_DAYS'),
    authSecret: read('AUTH_SECRET'),
    adminEmails: read('ADMIN_EMAILS'),
    backupDir: resolve(read('BACKUP_DIR')),
    backupKeepDays: read('BACKUP_KEEP_DAYS'),
    backupSchedule: read('BACKUP_SCHEDULE'),
    slowMs: read('SLOW_MS'),
    traceSampleRate: read('TRACE_SAMPLE_RATE'),
    metricsToken: read('METRICS_TOKEN'),
    hasGraphiql: read('GRAPHIQL') === 'on',
    requestsPerAddress: read('REQUESTS_PER_ADDRESS'),
    socketLimits: {
      ofAddress: read('SOCKETS_PER_ADDRESS'),
      heartbeatMs: read('HEARTBEAT_SECONDS') * 1000,
    },
    connectionLimits: {
      ofPerson: read('SOCKETS_PER_PERSON'),
      unsentOfPerson: read('UNSENT_MB_PER_PERSON') * MEGABYTE,
      unsentInAll: read('UNSENT_MB') * MEGABYTE,
    },
    mostSubscriptions: read('SUBSCRIPTIONS_PER_PERSON'),
    storageQuota: {
      rows: read('STORAGE_ROWS_PER_PERSON'),
      bytes: read('STORAGE_MB_PER_PERSON') * MEGABYTE,
    },
    otlpEndpoint: read('OTEL_EXPORTER_OTLP_ENDPOINT'),
    rateLimitPoints: read('RATE_LIMIT_POINTS'),
    rateLimitRequests: read('RATE_LIMIT_REQUESTS'),
    signInAttempts: read('SIGN_IN_ATTEMPTS'),
    invitationsPerHour: read('INVITATIONS_PER_HOUR'),
    trustProxy: read('TRUST_PROXY'),
    logLevel: read('LOG_LEVEL'),
  };
  if (read('NODE_ENV') === 'production' && config.databaseUrl && !config.authSecret) {
    faults.push('AUTH_SECRET: is required with DATABASE_URL, so that all servers sign with the same secret');
  }
  if (faults.length > 0) throw new ConfigError(`These settings need a change:\n  ${faults.join('\n  ')}`);
  return config;
}
