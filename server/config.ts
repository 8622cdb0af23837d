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

const optional = z.string().min(1).optional();

/** Every environment variable that the server reads. The README's table is made from this list. */
export const variables = {
  HOST: variable('Address to listen on', '127.0.0.1', z.string().min(1).default('127.0.0.1')),
  PORT: variable(
    'Port to listen on; 0 takes a free one',
    '4000',
    z.coerce.number().int().min(0).max(65_535).default(4000),
  ),
  PUBLIC_URL: variable('Address under which people reach the server', 'http://HOST:PORT', z.url().optional()),
  DATA_DIR: variable(
    'Folder for the embedded database and the secrets',
    '.data',
    z.string().default('.data'),
  ),
  DATABASE_URL: variable('PostgreSQL to use in place of the embedded one', 'none', z.url().optional()),
  DATABASE_POOL_SIZE: variable(
    'Most connections to the database at once',
    '10',
    z.coerce.number().int().min(2).max(1000).default(10),
  ),
  AUTH_SECRET: variable(
    'Secret that signs sessions, 32 characters or more; required with DATABASE_URL in production',
    'made and kept in DATA_DIR',
    z.string().min(32, 'must have 32 characters or more').optional(),
  ),
  ADMIN_EMAILS: variable(
    'Addresses, with commas between them, whose accounts read the audit trail of everybody. Sign up with each before others can reach the server: whoever has the account is the administrator',
    'none',
    z
      .string()
      .default('')
      .transform((given) =>
        given
          .toLowerCase()
          .split(',')
          .map((email) => email.trim())
          .filter(Boolean),
      )
      .pipe(z.array(z.email('must be email addresses with commas between them'))),
  ),
  LOG_LEVEL: variable(
    'Least serious log line to print: trace, debug, info, warn, error or silent',
    'info',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  ),
  NODE_ENV: variable('"production" makes a missing AUTH_SECRET an error', 'none', optional),
} satisfies Record<string, Variable<unknown>>;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Config {
  host: string;
  port: number;
  /** Absolute when the variable is set; otherwise known once the server listens. */
  publicUrl: string | undefined;
  dataDir: string;
  databaseUrl: string | undefined;
  databasePoolSize: number;
  authSecret: string | undefined;
  /** In lower case. */
  adminEmails: string[];
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
  const config: Config = {
    host: read('HOST'),
    port: read('PORT'),
    publicUrl: read('PUBLIC_URL')?.replace(/\/+$/, ''),
    dataDir: resolve(read('DATA_DIR')),
    databaseUrl: read('DATABASE_URL'),
    databasePoolSize: read('DATABASE_POOL_SIZE'),
    authSecret: read('AUTH_SECRET'),
    adminEmails: read('ADMIN_EMAILS'),
    logLevel: read('LOG_LEVEL'),
  };
  if (read('NODE_ENV') === 'production' && config.databaseUrl && !config.authSecret) {
    faults.push('AUTH_SECRET: is required with DATABASE_URL, so that all servers sign with the same secret');
  }
  if (faults.length > 0) throw new ConfigError(`These settings need a change:\n  ${faults.join('\n  ')}`);
  return config;
}
