import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from '../../prisma/generated/client/client.ts';
import type { Requester } from './requester.ts';
import { FairPool } from './fair-pool.ts';
import { sessionTo } from './session.ts';
import { StatementNames } from './statement-names.ts';

export type Database = PrismaClient;

export interface ConnectOptions {
  /** Most connections at once. */
  poolSize?: number;
  /** Milliseconds that one statement may take. */
  statementTimeout?: number;
  /** Milliseconds that a statement which only reads may take, outside of transactions; less than the above. */
  readTimeout?: number;
  /** Told of each connection that broke; the pool replaces it by itself. */
  onConnectionLost?: (error: Error) => void;
  /** Told of each statement as it is sent; what it gives back is called when the statement has ended. */
  onStatement?: (text: string) => () => void;
  /** The request whose statements run just now; undefined for the server's own work, which is not limited. */
  askerOf?: () => Requester | undefined;
  /** Most connections that one person holds at once; always less than there are. */
  perPerson?: number;
}

export interface PoolStatus {
  size: number;
  open: number;
  idle: number;
  /** Statements that wait for a connection, or for their turn among those of the same person. */
  waiting: number;
}

const POOL_SIZE = 10;
const PER_PERSON = 3;
/** Both to reach the server and to get a connection out of a busy pool. */
const CONNECT_WITHIN_MS = 2_500;
const STATEMENT_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 2_000;
/** Less than a statement has, so that the log tells a wait from work. */
const LOCK_TIMEOUT_MS = 8_000;
/** A server that says nothing by then, not even that the statement took too long, is gone. */
export const SILENCE_MS = 2_000;
/** Leaves a transaction no time to hold the log's horizon back for long. */
const TRANSACTION_TIMEOUT_MS = 15_000;
/** A disk that was full counts as full for so long. */
const FULL_FOR_MS = 30_000;
const IDLE_MS = 5 * 60_000;

/** To start workers for a statement takes longer than any statement of ours may. */
const FOR_SHORT_STATEMENTS = { max_parallel_workers_per_gather: '0' };

const pools = new WeakMap<Database, FairPool>();
const namings = new WeakMap<FairPool, StatementNames>();

/**
 * Prisma on a pool of connections to PostgreSQL at `url`. Nothing is opened before the first query, and a
 * database that goes away fails the queries of that time only: the pool reconnects once it is back.
 */
export function connect(url: string, options: ConnectOptions = {}): Database {
  const statementTimeout = options.statementTimeout ?? STATEMENT_TIMEOUT_MS;
  const names = new StatementNames();
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
    statement_timeout: statementTimeout,
    lock_timeout: LOCK_TIMEOUT_MS,
    query_timeout: statementTimeout + SILENCE_MS,
    idle_in_transaction_session_timeout: TRANSACTION_TIMEOUT_MS,
    application_name: 'taskwire',
  };
  const pool = new FairPool(sessionTo(url, settings, FOR_SHORT_STATEMENTS));
  const onConnectionLost = options.onConnectionLost ?? (() => undefined);
  namings.set(pool, names);
  // The adapter attaches its own with its first query, which may come later than one of ours.
  pool.on('error', () => undefined);
  // The adapter attaches these to the pool and to each connection in a transaction; without them Node would end.
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onConnectionLost,
    onConnectionError: onConnectionLost,
    statementNameGenerator: ({ sql }) => names.nameOf(sql),
  });
  const db = new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    // In line, then for a free connection.
    transactionOptions: {
      maxWait: statementTimeout + CONNECT_WITHIN_MS + 250,
      timeout: TRANSACTION_TIMEOUT_MS,
    },
  });
  pools.set(db, pool);
  return db;
}

/** Gives up all that is still done for a request: statements that wait are refused, those that run are ended. */
export function abandon(db: Database, requester: Requester): void {
  poolOf(db).abandon(requester);
}

/** Whether PostgreSQL has lately refused a change of `db` because its disk is full. It says so only where a change needs room. */
export function diskIsFull(db: Database): boolean {
  return performance.now() - poolOf(db).fullAt < FULL_FOR_MS;
}

/** Closes all connections; queries under way end first. */
export async function disconnect(db: Database): Promise<void> {
  await db.$disconnect();
  const pool = pools.get(db);
  // A client that never ran a query has not handed its pool to the adapter.
  if (pool && !pool.ending) await pool.end();
}

/**
 * Runs one statement as a transaction by itself, past Prisma, whose way to a statement takes longer than many statements
 * do. Values come as pg reads them, so a bigint is a string.
 */
export async function run<Row extends object>(db: Database, sql: Prisma.Sql): Promise<Row[]> {
  const { rows } = await poolOf(db).query<Row>(namedStatement(db, sql));
  return rows;
}

const AS_TEXT = { getTypeParser: () => (text: string) => text };

/** The same where each column is wanted as PostgreSQL writes it, which is how it travels. */
export async function textsOf(db: Database, sql: Prisma.Sql): Promise<(string | null)[][]> {
  const statement = { ...namedStatement(db, sql), rowMode: 'array', types: AS_TEXT } as const;
  const { rows } = await poolOf(db).query<(string | null)[]>(statement);
  return rows;
}

function namedStatement(db: Database, { text, values }: Prisma.Sql) {
  return { name: namings.get(poolOf(db))?.nameOf(text) ?? '', text, values };
}

/** How busy the connections of `db` are. */
export function poolStatus(db: Database): PoolStatus {
  const pool = poolOf(db);
  const waiting = pool.waitingCount + pool.inLine;
  return { size: pool.options.max, open: pool.totalCount, idle: pool.idleCount, waiting };
}

function poolOf(db: Database): FairPool {
  const pool = pools.get(db);
  if (!pool) throw new TypeError('This client was not made by connect()');
  return pool;
}
