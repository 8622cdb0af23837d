import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { PrismaClient } from '../../prisma/generated/client/client.ts';

export type Database = PrismaClient;

export interface ConnectOptions {
  /** Most connections at once. */
  poolSize?: number;
  /** Milliseconds that one statement may take. */
  statementTimeout?: number;
  /** Told of each connection that broke; the pool replaces it by itself. */
  onConnectionLost?: (error: Error) => void;
}

export interface PoolStatus {
  size: number;
  open: number;
  idle: number;
  waiting: number;
}

const POOL_SIZE = 10;
/** Both to reach the server and to get a connection out of a busy pool. */
const CONNECT_WITHIN_MS = 2_500;
const STATEMENT_TIMEOUT_MS = 10_000;
/** Leaves a transaction no time to hold the log's horizon back for long. */
const TRANSACTION_TIMEOUT_MS = 15_000;
const IDLE_MS = 5 * 60_000;
/** Each connection keeps the plan of every named statement, so there is an end to naming them. */
const NAMED_STATEMENTS = 1_000;

/**
 * Says in a statement that its best plan hangs on its values. PostgreSQL settles on one plan for all values once a
 * named statement has run five times.
 */
const PLANNED_ANEW = '/* planned anew */';
/** Prisma's own lists of the log: of a rare event the plan for all values walks through everything since. */
const LIST_OF_EVENTS = /^SELECT .* FROM "public"\."events" AS /;

const pools = new WeakMap<Database, Pool>();

/**
 * Prisma on a pool of connections to PostgreSQL at `url`. Nothing is opened before the first query, and a
 * database that goes away fails the queries of that time only: the pool reconnects once it is back.
 */
export function connect(url: string, options: ConnectOptions = {}): Database {
  const pool = new Pool({
    connectionString: url,
    max: options.poolSize ?? POOL_SIZE,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    statement_timeout: options.statementTimeout ?? STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: TRANSACTION_TIMEOUT_MS,
    application_name: 'taskwire',
  });
  const onConnectionLost = options.onConnectionLost ?? (() => undefined);
  // The adapter attaches these to the pool and to each connection in a transaction; without them Node would end.
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onConnectionLost,
    onConnectionError: onConnectionLost,
    statementNameGenerator: nameStatements(),
  });
  const db = new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    transactionOptions: { maxWait: CONNECT_WITHIN_MS + 250, timeout: TRANSACTION_TIMEOUT_MS },
  });
  pools.set(db, pool);
  return db;
}

/** Closes all connections; queries under way end first. */
export async function disconnect(db: Database): Promise<void> {
  await db.$disconnect();
  const pool = pools.get(db);
  // A client that never ran a query has not handed its pool to the adapter.
  if (pool && !pool.ending) await pool.end();
}

/** How busy the connections of `db` are: `waiting` counts queries that no connection was free for. */
export function poolStatus(db: Database): PoolStatus {
  const pool = pools.get(db);
  if (!pool) throw new TypeError('This client was not made by connect()');
  return { size: pool.options.max, open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
}

function nameStatements(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    // An empty name means: parse, run, forget.
    if (names.size >= NAMED_STATEMENTS || sql.includes(PLANNED_ANEW) || LIST_OF_EVENTS.test(sql)) return '';
    const name = `tw${names.size}`;
    names.set(sql, name);
    return name;
  };
}
