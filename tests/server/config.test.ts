import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig, variables } from '../../server/config.ts';

function refusal(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('These settings were taken.');
}

describe('an operator who starts the server', () => {
  test('without settings gets a server for this machine, with its own database', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      publicUrl: undefined,
      dataDir: resolve('.data'),
      databaseUrl: undefined,
      poolerUrl: undefined,
      replicaUrl: undefined,
      databasePoolSize: 10,
      databaseStatementsPerPerson: 3,
      redisUrl: undefined,
      workers: 1,
      eventRetentionDays: 400,
      authSecret: undefined,
      adminEmails: [],
      signUps: 'open',
      allowedOrigins: [],
      backupDir: resolve('backups'),
      backupKeepDays: 7,
      backupSchedule: undefined,
      slowMs: 100,
      traceSampleRate: 0.01,
      metricsToken: undefined,
      hasGraphiql: true,
      hasOauth: true,
      oauthClientHosts: [],
      requestsPerAddress: 1000,
      connectionLimits: { ofPerson: 50, unsentOfPerson: 16 * 1024 ** 2, unsentInAll: 128 * 1024 ** 2 },
      mostSubscriptions: 500,
      storageQuota: { rows: 1_000_000, bytes: 1_048_576_000 },
      invitationsPerHour: 100,
      socketLimits: { ofAddress: 1000, heartbeatMs: 30_000 },
      otlpEndpoint: undefined,
      rateLimitPoints: 1_000_000,
      rateLimitRequests: 6_000,
      signInAttempts: 10,
      trustProxy: 0,
      webhookAllow: [],
      assistant: { model: null, tokensPerDay: 500_000, silenceMs: 60_000 },
      logLevel: 'info',
    });
  });

  test('gets the given settings', () => {
    const secret = 's'.repeat(32);
    const config = readConfig({
      HOST: '::',
      PORT: '8080',
      PUBLIC_URL: 'https://tasks.example.com/',
      DATA_DIR: '/var/lib/taskwire',
      DATABASE_URL: 'postgresql://taskwire@db/taskwire',
      DATABASE_POOL_SIZE: '25',
      AUTH_SECRET: secret,
      LOG_LEVEL: 'warn',
      NODE_ENV: 'production',
    });
    expect(config).toEqual({
      ...readConfig({}),
      host: '::',
      port: 8080,
      publicUrl: 'https://tasks.example.com',
      dataDir: '/var/lib/taskwire',
      databaseUrl: 'postgresql://taskwire@db/taskwire',
      databasePoolSize: 25,
      authSecret: secret,
      logLevel: 'warn',
    });
  });

  test('can leave a variable empty, as in container files', () => {
    const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  test('can have variables of other programs', () => {
    expect(readConfig({ PATH: '/bin', npm_config_port: '1' })).toEqual(readConfig({}));
  });

  test.each([
    ['REDIS_URL', 'http://127.0.0.1'],
    ['WORKERS', '0'],
    ['EVENT_RETENTION_DAYS', 'never'],
    ['PORT', 'http'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '40.5'],
    ['PUBLIC_URL', 'tasks.example.com'],
    ['PUBLIC_URL', 'ftp://tasks.example.com'],
    ['PUBLIC_URL', 'https://tasks.example.com/taskwire'],
    ['PUBLIC_URL', 'https://ada:hush-hush@tasks.example.com'],
    ['PUBLIC_URL', 'https://tasks.example.com/?a=b'],
    ['PUBLIC_URL', 'https://tasks.example.com/#a'],
    ['PUBLIC_URL', 'https://tasks.example.com,https://other.example.com'],
    ['DATABASE_URL', 'the usual one'],
    ['DATABASE_URL', 'mysql://root@db/taskwire'],
    ['DATABASE_URL', 'db:5432/taskwire'],
    ['DATABASE_URL', 'postgres://db:5432'],
    ['DATABASE_URL', 'postgres://db:5432/'],
    ['DATABASE_URL', 'postgres://a:5432,b:what/taskwire'],
    ['DATABASE_URL', 'postgres://a,b/taskwire?target_session_attrs=standby'],
    ['SLOW_MS', 'soon'],
    ['TRACE_SAMPLE_RATE', '2'],
    ['DATABASE_POOL_SIZE', '1'],
    ['DATABASE_POOL_SIZE', '1001'],
    ['AUTH_SECRET', 'x'.repeat(31)],
    ['LOG_LEVEL', 'loud'],
  ])('gets an error for %s=%s', (name, value) => {
    expect(refusal({ [name]: value })).toMatch(new RegExp(`^Invalid settings:\\n  ${name}: must .{8,}$`));
  });

  test('[BR-19] cannot give one person every connection, and a small pool needs no setting (H2)', () => {
    expect(refusal({ DATABASE_STATEMENTS_PER_PERSON: '10' })).toContain(
      'must be less than DATABASE_POOL_SIZE',
    );
    expect(readConfig({ DATABASE_POOL_SIZE: '2' }).databaseStatementsPerPerson).toBe(1);
  });

  test('gets an error for a path in PUBLIC_URL, and passwords are never printed (SUBPATH)', () => {
    expect(refusal({ PUBLIC_URL: 'https://tasks.example.com/taskwire' })).toContain('without path');
    expect(refusal({ PUBLIC_URL: 'https://ada:hush-hush@tasks.example.com' })).not.toContain('hush-hush');
    expect(readConfig({ PUBLIC_URL: 'https://Tasks.example.com:443/' }).publicUrl).toBe(
      'https://tasks.example.com',
    );
  });

  test('may name several servers of a database, and PostgreSQL behind a pooler (DSN)', () => {
    const several = 'postgres://ada@a:5432,b:5433/tasks?target_session_attrs=read-write';
    expect(readConfig({ DATABASE_URL: several })).toMatchObject({
      databaseUrl: several,
      poolerUrl: undefined,
    });
    const [direct, pooler] = ['postgres://ada@db/tasks', 'postgres://ada@pooler:6432/tasks'];
    expect(readConfig({ DATABASE_URL: pooler, DATABASE_DIRECT_URL: direct })).toMatchObject({
      databaseUrl: direct,
      poolerUrl: pooler,
    });
    expect(refusal({ DATABASE_URL: several, DATABASE_DIRECT_URL: direct })).toContain('must have one server');
    expect(refusal({ DATABASE_REPLICA_URL: several })).toContain(
      'DATABASE_REPLICA_URL: must have one server',
    );
    expect(refusal({ DATABASE_DIRECT_URL: direct })).toContain('DATABASE_DIRECT_URL: requires DATABASE_URL');
  });

  test('gets an error for a database URL without a name, which would use the role’s database (DSN)', () => {
    for (const address of ['postgres://ada@db:5432', 'postgres://ada@db:5432/'])
      expect(refusal({ DATABASE_URL: address })).toContain('must include the database name');
    expect(readConfig({ DATABASE_URL: 'postgres://ada@db/tasks' }).databaseUrl).toBe(
      'postgres://ada@db/tasks',
    );
  });

  test('gets all errors at once', () => {
    const said = refusal({ PORT: 'x', LOG_LEVEL: 'loud', PUBLIC_URL: 'y' });
    for (const name of ['PORT', 'LOG_LEVEL', 'PUBLIC_URL']) expect(said).toContain(`${name}: `);
  });

  test('never gets a secret or a password in an error', () => {
    const said = refusal({ AUTH_SECRET: 'hunter2', DATABASE_URL: 'postgres//me:hunter2@db', PORT: 'x' });
    expect(said).not.toContain('hunter2');
  });

  test('with several servers on one database must set their common secret', () => {
    const env = { DATABASE_URL: 'postgresql://db/taskwire', NODE_ENV: 'production' };
    expect(refusal(env)).toContain('AUTH_SECRET: is required with DATABASE_URL');
    expect(readConfig({ ...env, NODE_ENV: 'development' }).authSecret).toBeUndefined();
    expect(readConfig({ NODE_ENV: 'production' }).authSecret).toBeUndefined();
  });
});

test('every variable has a description, and its documented default is used', () => {
  const config = readConfig({});
  const told = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, variable.default]),
  );
  expect(told).toMatchObject({
    HOST: config.host,
    PORT: String(config.port),
    DATABASE_POOL_SIZE: String(config.databasePoolSize),
    LOG_LEVEL: config.logLevel,
    DATA_DIR: '.data',
  });
  for (const [name, { about }] of Object.entries(variables)) expect(about.length, name).toBeGreaterThan(15);
});

describe('ADMIN_EMAILS', () => {
  test.each([
    [undefined, []],
    ['', []],
    ['ada@example.com', ['ada@example.com']],
    [' Ada@Example.com , bob@example.com,', ['ada@example.com', 'bob@example.com']],
  ])('%j is %j', (given, administrators) => {
    expect(readConfig({ ADMIN_EMAILS: given }).adminEmails).toEqual(administrators);
  });

  test('an invalid address prevents the start, and is named', () => {
    expect(() => readConfig({ ADMIN_EMAILS: 'ada@example.com;bob' })).toThrow(
      new ConfigError('Invalid settings:\n  ADMIN_EMAILS: must be comma-separated email addresses'),
    );
  });
});
