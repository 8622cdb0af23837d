import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { PrismaClient, type Prisma } from '../../prisma/generated/client/client.ts';
import type { Requester } from './requester.ts';
import { FairPool, type ReplicaState } from './fair-pool.ts';
import { sessionTo } from './session.ts';
import { StatementNames } from './statement-names.ts';

export type Database = PrismaClient;

export interface ConnectOptions {
  poolSize?: number;
  /** Milliseconds. */
  statementTimeout?: number;
  /** Milliseconds, for read-only statements outside transactions; less than `statementTimeout`. */
  readTimeout?: number;
  onConnectionLost?: (error: Error) => void;
  /** Called for each statement; the returned function is called when the statement ends. */
  onStatement?: (text: string) => () => void;
  /** The request that statements run for. Undefined for the server's own work, which is not limited. */
  askerOf?: () => Requester | undefined;
  perPerson?: number;
  /** A pooler at the URL, which takes no settings and may not support prepared statements. */
  pooler?: { preparesStatements: boolean } | undefined;
  /** A standby for the reads of read-only requests. */
  replica?: (ReplicaState & { readonly url: string }) | undefined;
}

export interface PoolStatus {
  size: number;
  open: number;
  idle: number;
  waiting: number;
}

const POOL_SIZE = 10;
const PER_PERSON = 3;
const CONNECT_WITHIN_MS = 2_500;
const STATEMENT_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 2_000;
/** Less than the statement timeout, so that the log distinguishes waiting from work. */
const LOCK_TIMEOUT_MS = 8_000;
/** A server that does not respond by then is considered lost. */
export const SILENCE_MS = 2_000;
/** Log readers wait for open transactions. */
const TRANSACTION_TIMEOUT_MS = 15_000;
const FULL_FOR_MS = 30_000;
const IDLE_MS = 5 * 60_000;

/** Milliseconds. The primary answers if the replica does not. */
const OF_REPLICA = { connectionTimeoutMillis: 500, query_timeout: READ_TIMEOUT_MS + SILENCE_MS };

/** Starting parallel workers takes longer than these statements may. */
export const FOR_SHORT_STATEMENTS = { max_parallel_workers_per_gather: '0' };

/** Milliseconds. */
export const LIMITS = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  lock_timeout: LOCK_TIMEOUT_MS,
  idle_in_transaction_session_timeout: TRANSACTION_TIMEOUT_MS,
};

const pools = new WeakMap<Database, FairPool>();
const namings = new WeakMap<FairPool, StatementNames>();

/** Connections open on demand. If the database is unavailable, only queries at that time fail. */
export function connect(url: string, options: ConnectOptions = {}): Database {
  const statementTimeout = options.statementTimeout ?? STATEMENT_TIMEOUT_MS;
  const { pooler } = options;
  const names = new StatementNames(pooler?.preparesStatements ?? true);
  const settings = {
    max: options.poolSize ?? POOL_SIZE,
    perPerson: options.perPerson ?? PER_PERSON,
    waitMs: CONNECT_WITHIN_MS,
    changeWaitMs: statementTimeout,
    readMs: options.readTimeout ?? READ_TIMEOUT_MS,
    onStatement: options.onStatement,
    names,
    askerOf: options.askerOf ?? (() => undefined),
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    query_timeout: statementTimeout + SILENCE_MS,
    application_name: 'taskwire',
  };
  const limits = { ...LIMITS, statement_timeout: statementTimeout };
  const direct = <Given extends typeof settings>(server: string, given: Given) =>
    sessionTo(server, { ...given, ...limits }, FOR_SHORT_STATEMENTS);
  const replica = options.replica && {
    state: options.replica,
    pool: new FairPool(direct(options.replica.url, { ...settings, ...OF_REPLICA })),
  };
  // An idle connection is lost. The next statement opens another one.
  replica?.pool.on('error', () => undefined);
  const pool = new FairPool(
    pooler ? { ...settings, replica, connectionString: url } : direct(url, { ...settings, replica }),
  );
  const onConnectionLost = options.onConnectionLost ?? (() => undefined);
  namings.set(pool, names);
  // The adapter attaches its listener with its first query, which can be later than ours.
  pool.on('error', () => undefined);
  // The adapter attaches these listeners to the pool and to connections in transactions; unhandled errors would end
  // Node.
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onConnectionLost,
    onConnectionError: onConnectionLost,
    statementNameGenerator: ({ sql }) => names.nameOf(sql),
  });
  const db = new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    transactionOptions: {
      maxWait: statementTimeout + CONNECT_WITHIN_MS + 250,
      timeout: TRANSACTION_TIMEOUT_MS,
    },
  });
  pools.set(db, pool);
  return db;
}

export function abandon(db: Database, requester: Requester): void {
  poolOf(db).abandon(requester);
}

/** Whether PostgreSQL recently rejected a write because its disk is full. */
export function diskIsFull(db: Database): boolean {
  return performance.now() - poolOf(db).fullAt < FULL_FOR_MS;
}

export async function disconnect(db: Database): Promise<void> {
  await db.$disconnect();
  const pool = pools.get(db);
  // Without a query, the adapter does not have the pool yet.
  if (pool && !pool.ending) await pool.end();
}

/** Bypasses Prisma: its overhead exceeds most statements. Values have the types of pg; a bigint is a string. */
export async function run<Row extends object>(db: Database, sql: Prisma.Sql): Promise<Row[]> {
  const { rows } = await (poolOf(db) as Pool).query<Row>(namedStatement(db, sql));
  return rows;
}

const AS_TEXT = { getTypeParser: () => (text: string) => text };

export async function textsOf(db: Database, sql: Prisma.Sql): Promise<(string | null)[][]> {
  const statement = { ...namedStatement(db, sql), rowMode: 'array', types: AS_TEXT } as const;
  const { rows } = await (poolOf(db) as Pool).query<(string | null)[]>(statement);
  return rows;
}

function namedStatement(db: Database, { text, values }: Prisma.Sql) {
  return { name: namings.get(poolOf(db))?.nameOf(text) ?? '', text, values };
}

export function poolStatus(db: Database): PoolStatus {
  const pool = poolOf(db);
  const waiting = pool.waitingCount + pool.inLine;
  return { size: pool.options.max, open: pool.totalCount, idle: pool.idleCount, waiting };
}

export interface ReplicaStatus {
  isCurrent: boolean;
  /** The reads that the replica could have answered, by the server that did. */
  reads: FairPool['reads'];
}

/** Undefined without a replica. */
export function replicaStatus(db: Database): ReplicaStatus | undefined {
  const { replica, reads } = poolOf(db);
  return replica && { isCurrent: !replica.state.isBehind, reads };
}

function poolOf(db: Database): FairPool {
  const pool = pools.get(db);
  if (!pool) throw new TypeError('This client was not created by connect()');
  return pool;
}
