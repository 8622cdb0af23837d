import { resolve } from 'node:path';
import { z } from 'zod';
import type { AssistantSettings } from './assistant/settings.ts';
import { urlsIn } from './database/servers.ts';
import { rangeOf } from './address-rules.ts';
import { SIGN_UP_MODES, type SignUpMode } from './auth/sign-up-mode.ts';

interface Variable<T> {
  about: string;
  default: string;
  parse: z.ZodType<T>;
}

function variable<T>(about: string, fallback: string, parse: z.ZodType<T>): Variable<T> {
  return { about, default: fallback, parse };
}

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

const WEBHOOK_HOSTS =
  'must be comma-separated host names, IP addresses and networks, such as receiver.internal,10.1.0.0/16';

const DATABASE_URL_EXAMPLE = 'postgres://user:password@host:5432/database';

const postgresUrl = z
  .string()
  .refine((given) => urlsIn(given).every(isPostgresUrl), `must be a URL such as ${DATABASE_URL_EXAMPLE}`)
  // Without a name, PostgreSQL would use the database named like the role.
  .refine(
    (given) => urlsIn(given).every((url) => !URL.canParse(url) || new URL(url).pathname.length > 1),
    `must include the database name, such as ${DATABASE_URL_EXAMPLE}`,
  )
  .refine(
    (given) => !/[?&]target_session_attrs=(?!read-write\b|primary\b)/.test(given),
    'must have no target_session_attrs other than read-write, since Taskwire writes',
  );

function isPostgresUrl(url: string): boolean {
  return URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol);
}

const optional = z.string().min(1).optional();

/** Every environment variable that the server reads. The table in the README is generated from this list. */
export const variables = {
  HOST: variable('Address to listen on', '127.0.0.1', z.string().min(1).default('127.0.0.1')),
  PORT: variable('Port to listen on; 0 selects a free port', '4000', whole(4000, 0, 65_535)),
  PUBLIC_URL: variable(
    'Public URL of the server: scheme, host and port, without a path. Requests for other hosts are rejected, except for hosts in ALLOWED_ORIGINS, localhost and IP addresses',
    'http://HOST:PORT',
    z
      .url({ protocol: /^https?$/, message: 'must be a URL such as https://tasks.example.com' })
      .refine(
        isOrigin,
        'must be a single URL without path, password, query or fragment, such as https://tasks.example.com; Taskwire cannot run below a path',
      )
      .transform((given) => new URL(given).origin)
      .optional(),
  ),
  ALLOWED_ORIGINS: variable(
    'Other origins (comma-separated) that may use the API and its WebSockets with the browser’s cookie, such as https://app.example.com',
    'none',
    listOf(
      z
        .url({
          protocol: /^https?$/,
          message: 'must be comma-separated origins, such as https://app.example.com',
        })
        .transform((given) => new URL(given).origin),
    ),
  ),
  DATA_DIR: variable(
    'Directory of the bundled database and generated secrets',
    '.data',
    z.string().default('.data'),
  ),
  DATABASE_URL: variable(
    'PostgreSQL connection URL. With several servers, such as postgres://user:password@a:5432,b:5432/database, the one that accepts writes is used. Without it, the bundled database is used',
    'none',
    postgresUrl.optional(),
  ),
  DATABASE_DIRECT_URL: variable(
    'URL of PostgreSQL itself if DATABASE_URL is a connection pooler such as PgBouncer in transaction mode. Used for the event log, locks, migrations and backups',
    'DATABASE_URL',
    postgresUrl.optional(),
  ),
  DATABASE_REPLICA_URL: variable(
    'URL of a streaming replica for queries: one server, not a load balancer. It is used while it has replayed everything committed before the request; otherwise the primary answers',
    'none',
    postgresUrl.optional(),
  ),
  REDIS_URL: variable(
    'Redis for rate limits and for notifications between processes. Without it, notifications use PostgreSQL and each process counts limits separately. Deployments with different AUTH_SECRETs can share one Redis',
    'none',
    z.url({ protocol: /^rediss?$/, message: 'must be a URL such as redis://host:6379' }).optional(),
  ),
  WORKERS: variable(
    'Number of server processes; about one per CPU core not used by PostgreSQL',
    '1',
    whole(1, 1, 64),
  ),
  EVENT_RETENTION_DAYS: variable(
    'Days to keep events, which include the activity, audit trail and history',
    '400',
    whole(400, 1, 36_500),
  ),
  DATABASE_POOL_SIZE: variable('Maximum number of database connections', '10', whole(10, 2, 1000)),
  DATABASE_STATEMENTS_PER_PERSON: variable(
    'Maximum number of connections that one person, or one unauthenticated address, can use at the same time; less than DATABASE_POOL_SIZE',
    '3, or less with a smaller pool',
    count(1, 999).optional(),
  ),
  AUTH_SECRET: variable(
    'Secret for signing sessions, at least 32 characters. Required with DATABASE_URL in production',
    'generated and stored in DATA_DIR',
    z.string().min(32, 'must have at least 32 characters').optional(),
  ),
  SIGN_UPS: variable(
    'Who can create an account: open, invited (only with the link of an invitation or an offer, for its address) or closed (only with `npm run account -- create`). The first account can always be created',
    'open',
    z.enum(SIGN_UP_MODES, 'must be open, invited or closed').default('open'),
  ),
  ADMIN_EMAILS: variable(
    'Email addresses of administrators (comma-separated), who can read the audit trail of all accounts and performance data. An address is effective once it is verified: after its owner has signed up, run `npm run account -- verify <address>`',
    'none',
    listOf(z.email('must be comma-separated email addresses')),
  ),
  BACKUP_DIR: variable(
    'Directory for backups, preferably on another disk than the database',
    'backups',
    z.string().default('backups'),
  ),
  BACKUP_KEEP_DAYS: variable(
    'Days to keep backups. The last successful backup is always kept',
    '7',
    whole(7, 1, 36_500),
  ),
  BACKUP_SCHEDULE: variable(
    'Backup schedule as a cron expression in UTC, such as "0 3 * * *". With several servers, set it on only one',
    'none',
    z
      .string()
      .regex(/^(\S+\s+){4,5}\S+$/, 'must be a cron expression with five fields, such as "0 3 * * *"')
      .optional(),
  ),
  SLOW_MS: variable(
    'Threshold in milliseconds for logging slow operations and SQL statements',
    '100',
    number(100, 0),
  ),
  TRACE_SAMPLE_RATE: variable(
    'Fraction of operations with traced resolvers, from 0 to 1',
    '0.01',
    number(0.01, 0, 1),
  ),
  METRICS_TOKEN: variable(
    'Bearer token required by /metrics, at least 16 characters. Without it, /metrics is only available from this machine, and not at all if TRUST_PROXY is set',
    'none',
    z.string().min(16, 'must have at least 16 characters').optional(),
  ),
  GRAPHIQL: variable(
    'GraphiQL at /graphql in browsers: on or off',
    'on',
    z.enum(['on', 'off'], 'must be on or off').default('on'),
  ),
  OAUTH: variable(
    'Lets people connect applications by OAuth, such as AI agents: on or off',
    'on',
    z.enum(['on', 'off'], 'must be on or off').default('on'),
  ),
  OAUTH_CLIENT_HOSTS: variable(
    'Hosts with private addresses from which the server may fetch the metadata of OAuth applications (comma-separated). Public addresses are always allowed',
    'none',
    listOf(
      z.string().regex(/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])$/, 'must be comma-separated hosts without a port'),
    ),
  ),
  REQUESTS_PER_ADDRESS: variable(
    'Maximum number of concurrent HTTP requests per client IP and process. Behind a proxy, set TRUST_PROXY',
    '1000',
    whole(1000, 1),
  ),
  SOCKETS_PER_PERSON: variable(
    'Maximum number of open WebSockets and event streams per person and process',
    '50',
    whole(50, 1),
  ),
  SUBSCRIPTIONS_PER_PERSON: variable(
    'Maximum number of open subscriptions per person and process, over all connections',
    '500',
    whole(500, 1),
  ),
  UNSENT_MB_PER_PERSON: variable(
    'Maximum size in MB of unsent data on a person’s WebSockets and event streams, per process. Above it, the slowest connection is closed',
    '16',
    whole(16, 5),
  ),
  UNSENT_MB: variable(
    'Maximum size in MB of unsent data for all people together, per process',
    '128',
    whole(128, 5),
  ),
  STORAGE_ROWS_PER_PERSON: variable(
    'Storage quota per person: number of tasks, comments, messages and other objects; 0 disables it',
    '1000000',
    whole(1_000_000, 0),
  ),
  STORAGE_MB_PER_PERSON: variable(
    'Storage quota per person: MB of text; 0 disables it. With indexes, the database needs several times as much space',
    '1000',
    whole(1_000, 0),
  ),
  SOCKETS_PER_ADDRESS: variable(
    'Maximum number of open WebSockets per client IP and process. Behind a proxy, set TRUST_PROXY',
    '1000',
    whole(1000, 1),
  ),
  HEARTBEAT_SECONDS: variable(
    'Ping interval for WebSockets in seconds. Must be shorter than the idle timeout of reverse proxies',
    '30',
    number(30, 1, 3_600),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    'OpenTelemetry collector for traces and metrics. Other standard OTEL_ variables are also supported',
    'none',
    z.url().optional(),
  ),
  RATE_LIMIT_POINTS: variable(
    'Rate limit in points per viewer and minute; 0 disables it',
    '1000000',
    whole(1_000_000, 0),
  ),
  RATE_LIMIT_REQUESTS: variable(
    'Rate limit in requests per client IP, process and minute, including rejected requests. A document that is new to the process counts as 10. 0 disables it; requests from this machine are not limited. Behind a proxy, set TRUST_PROXY',
    '6000',
    whole(6_000, 0),
  ),
  SIGN_IN_ATTEMPTS: variable(
    'Failed sign-ins allowed per account and network in 15 minutes. Unknown browsers together get ten times as many per hour, then one per minute and network. 0 disables these limits and the limit on sign-ups',
    '10',
    whole(10, 0),
  ),
  INVITATIONS_PER_HOUR: variable(
    'Team invitations that one person can send per hour. One address can get a tenth of this from one person, and half of it from all people. 0 disables the limits',
    '100',
    whole(100, 0),
  ),
  WEBHOOK_ALLOW: variable(
    'Host names, IP addresses and networks in CIDR notation (comma-separated) that webhooks may use although they are not public, also by HTTP, such as receiver.internal,10.1.0.0/16. Anyone with an account can send requests to them',
    'none',
    listOf(
      z
        .string()
        .regex(/^[a-z0-9.:_-]+(\/\d{1,3})?$/i, WEBHOOK_HOSTS)
        .refine((given) => !given.includes('/') || rangeOf(given) !== null, WEBHOOK_HOSTS),
    ),
  ),
  AI_BASE_URL: variable(
    'OpenAI-compatible endpoint of a language model for the assistant, such as http://127.0.0.1:11434/v1. People’s tasks and messages are sent to it. Without it, the assistant only understands commands',
    'none',
    z.url({ protocol: /^https?$/, message: 'must be a URL such as http://127.0.0.1:11434/v1' }).optional(),
  ),
  AI_API_KEY: variable('Bearer token for AI_BASE_URL', 'none', optional),
  AI_MODEL: variable('Name of the model at AI_BASE_URL. Required with it', 'none', optional),
  AI_TOKENS_PER_DAY: variable(
    'Tokens that the assistant can use for one person per day (UTC); 0 means no limit',
    '500000',
    whole(500_000, 0),
  ),
  AI_SILENCE_SECONDS: variable(
    'Seconds without a word from the model after which a reply fails; it fails after five minutes in any case',
    '60',
    number(60, 1, 300),
  ),
  TRUST_PROXY: variable(
    'Number of trusted reverse proxies, used to read the client’s IP from X-Forwarded-For; see docs/proxies.md',
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
  /** Undefined until the server listens, if the variable is not set. */
  publicUrl: string | undefined;
  allowedOrigins: string[];
  dataDir: string;
  /** PostgreSQL itself. */
  databaseUrl: string | undefined;
  /** The pooler for requests, if there is one. */
  poolerUrl: string | undefined;
  replicaUrl: string | undefined;
  databasePoolSize: number;
  databaseStatementsPerPerson: number;
  redisUrl: string | undefined;
  workers: number;
  eventRetentionDays: number;
  authSecret: string | undefined;
  adminEmails: string[];
  signUps: SignUpMode;
  backupDir: string;
  backupKeepDays: number;
  backupSchedule: string | undefined;
  slowMs: number;
  /** From 0 to 1. */
  traceSampleRate: number;
  metricsToken: string | undefined;
  hasGraphiql: boolean;
  hasOauth: boolean;
  oauthClientHosts: string[];
  requestsPerAddress: number;
  socketLimits: { ofAddress: number; heartbeatMs: number };
  /** `ofPerson` is a number of connections, the others are bytes. */
  connectionLimits: { ofPerson: number; unsentOfPerson: number; unsentInAll: number };
  mostSubscriptions: number;
  /** Per person; 0 means no limit. */
  storageQuota: { rows: number; bytes: number };
  otlpEndpoint: string | undefined;
  rateLimitPoints: number;
  rateLimitRequests: number;
  signInAttempts: number;
  invitationsPerHour: number;
  webhookAllow: string[];
  assistant: AssistantSettings;
  trustProxy: number;
  logLevel: LogLevel;
}

/** An invalid setting. The message names the variable and the fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming each invalid variable. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const faults: string[] = [];
  const read = <Name extends keyof typeof variables>(name: Name) => {
    const given = env[name];
    const result = variables[name].parse.safeParse(given === '' ? undefined : given);
    if (!result.success) faults.push(`${name}: ${result.error.issues[0]?.message ?? 'is not valid'}`);
    return result.data as z.infer<(typeof variables)[Name]['parse']>;
  };
  const databaseUrl = read('DATABASE_URL');
  const directUrl = read('DATABASE_DIRECT_URL');
  const replicaUrl = read('DATABASE_REPLICA_URL');
  const poolerUrl = directUrl === undefined || directUrl === databaseUrl ? undefined : databaseUrl;
  if (poolerUrl !== undefined && urlsIn(poolerUrl).length > 1)
    faults.push('DATABASE_URL: must have one server with DATABASE_DIRECT_URL, the pooler');
  if (replicaUrl !== undefined && urlsIn(replicaUrl).length > 1)
    faults.push('DATABASE_REPLICA_URL: must have one server');
  if (directUrl !== undefined && databaseUrl === undefined)
    faults.push('DATABASE_DIRECT_URL: requires DATABASE_URL, the URL of the pooler');
  const poolSize = read('DATABASE_POOL_SIZE');
  const perPerson = read('DATABASE_STATEMENTS_PER_PERSON');
  if (perPerson !== undefined && perPerson >= poolSize)
    faults.push(`DATABASE_STATEMENTS_PER_PERSON: must be less than DATABASE_POOL_SIZE, which is ${poolSize}`);
  const [aiBaseUrl, aiModel] = [read('AI_BASE_URL'), read('AI_MODEL')];
  if (aiBaseUrl !== undefined && aiModel === undefined) faults.push('AI_MODEL: is required with AI_BASE_URL');
  if (aiModel !== undefined && aiBaseUrl === undefined) faults.push('AI_BASE_URL: is required with AI_MODEL');
  const config: Config = {
    host: read('HOST'),
    port: read('PORT'),
    publicUrl: read('PUBLIC_URL'),
    allowedOrigins: read('ALLOWED_ORIGINS'),
    dataDir: resolve(read('DATA_DIR')),
    databaseUrl: directUrl ?? databaseUrl,
    poolerUrl,
    replicaUrl,
    databasePoolSize: poolSize,
    databaseStatementsPerPerson: perPerson ?? Math.min(STATEMENTS_PER_PERSON, poolSize - 1),
    redisUrl: read('REDIS_URL'),
    workers: read('WORKERS'),
    eventRetentionDays: read('EVENT_RETENTION_DAYS'),
    authSecret: read('AUTH_SECRET'),
    adminEmails: read('ADMIN_EMAILS'),
    signUps: read('SIGN_UPS'),
    backupDir: resolve(read('BACKUP_DIR')),
    backupKeepDays: read('BACKUP_KEEP_DAYS'),
    backupSchedule: read('BACKUP_SCHEDULE'),
    slowMs: read('SLOW_MS'),
    traceSampleRate: read('TRACE_SAMPLE_RATE'),
    metricsToken: read('METRICS_TOKEN'),
    hasGraphiql: read('GRAPHIQL') === 'on',
    hasOauth: read('OAUTH') === 'on',
    oauthClientHosts: read('OAUTH_CLIENT_HOSTS'),
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
    webhookAllow: read('WEBHOOK_ALLOW'),
    assistant: {
      model:
        aiBaseUrl !== undefined && aiModel !== undefined
          ? { baseUrl: aiBaseUrl, apiKey: read('AI_API_KEY'), name: aiModel }
          : null,
      tokensPerDay: read('AI_TOKENS_PER_DAY'),
      silenceMs: read('AI_SILENCE_SECONDS') * 1000,
    },
    trustProxy: read('TRUST_PROXY'),
    logLevel: read('LOG_LEVEL'),
  };
  if (read('NODE_ENV') === 'production' && config.databaseUrl && !config.authSecret) {
    faults.push('AUTH_SECRET: is required with DATABASE_URL, so that all servers use the same secret');
  }
  if (faults.length > 0) throw new ConfigError(`Invalid settings:\n  ${faults.join('\n  ')}`);
  return config;
}
