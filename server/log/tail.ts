import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { Prisma, type Event } from '../../prisma/generated/client/client.ts';
import { HORIZON, HORIZON_HERE } from '../database/horizon.ts';
import { openSession } from '../database/session.ts';
import { endEpoch, ON_OTHER_TIMELINE, READ_ONLY } from './epoch.ts';
import { endOfTransaction, leadsTo, type LogPosition } from './cursor.ts';

export interface OpenedLog {
  epoch: string;
  recent: Event[];
  floor: LogPosition;
  position: LogPosition;
}

export interface LogReader {
  /** Called at the start, and again if the log was replaced: events read before are then invalid. */
  onOpen(log: OpenedLog): void;
  /** Events may have been lost; a new epoch begins. */
  onLoss(): void;
  /** Called with the next events, up to `position`. If it rejects, they are delivered again. */
  onEvents(events: Event[], position: LogPosition, connection: LogConnection): void | Promise<void>;
  onFailure(error: unknown): void;
}

export type LogConnection = Pick<Client, 'query'>;

export interface Tail {
  look(): void;
  notify(): void;
  /** Seconds since it last read to the end. Grows while the database is unavailable. */
  lag(): number;
  stop(): Promise<void>;
}

const START: LogPosition = { transactionId: 0n, sequence: 0n, nonce: null };
const CHANNEL = 'taskwire_events';
export const LOG_READER = 'taskwire log';
const LOOK_EVERY_MS = 1_000;
/** While committed events wait for a transaction in progress. */
const LOOK_SOON_MS = 25;
const BATCH = 1_000;
/** More than a client can be behind, since reading starts at its cursor's horizon. */
const RECENT = 11_000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_LAST_MS = 2_000;
const CONNECT_WITHIN_MS = 5_000;
/** A server that does not answer by then is considered lost. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * Reads the log in order on a separate connection, which it reopens after errors. Stops before the oldest transaction
 * in progress, so that late commits are not skipped. @throws if the database is unavailable at the start.
 */
export async function startTail(url: string, reader: LogReader): Promise<Tail> {
  let position = START;
  let epoch: string | undefined;
  let caughtUpAt = Date.now();
  let isWaiting = false;
  let hasNews = false;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const bell = createBell();
  let client = await open();

  async function open(): Promise<Client> {
    const opened = await openSession(url, {
      application_name: LOG_READER,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
      keepAlive: true,
    });
    opened.on('error', () => {
      bell.ring();
    });
    try {
      await opened.query(`LISTEN ${CHANNEL}`);
      await recognise(opened);
    } catch (error) {
      await opened.end().catch(() => undefined);
      throw error;
    }
    opened.on('notification', ({ processId }) => {
      if (processId !== (opened as unknown as { processID: number }).processID) bell.ring();
    });
    return opened;
  }

  /** A promoted standby or an older copy may have lost events, and reuse their numbers. */
  async function recognise(opened: Client): Promise<void> {
    const found = await stateOf(opened, position);
    const isLost = found.epoch === epoch && !found.leadsHere;
    if (found.epoch === epoch && !isLost && !found.elsewhere) return;
    if (found.elsewhere || (isLost && !found.readOnly)) {
      reader.onLoss();
      await endEpoch(opened, found.epoch);
    }
    const log = await stateOf(opened, START);
    const answer = await opened.query<Row>(
      `/* recentLog */
       SELECT * FROM events WHERE transaction_id < (${HORIZON})::bigint
       ORDER BY transaction_id DESC, sequence DESC LIMIT ${RECENT + 1}`,
    );
    const recent = answer.rows.map(toEvent);
    const beyond = recent.length > RECENT ? recent.pop() : undefined;
    const trimmed =
      log.trimmed === '0' ? START : endOfTransaction({ transactionId: BigInt(log.trimmed), nonce: null });
    epoch = log.epoch;
    position = recent[0] ? endOfTransaction(recent[0]) : trimmed;
    reader.onOpen({ epoch, recent: recent.reverse(), floor: beyond ?? trimmed, position });
    caughtUpAt = Date.now();
  }

  async function look(): Promise<number> {
    const from = position;
    const { rows } = await client.query<Row>({
      ...(isWaiting ? READ_PAST_OTHERS : READ),
      values: [String(from.transactionId), String(from.sequence), BATCH],
    });
    const [first] = rows;
    if (!first) throw new Error('reading the log always gives a row');
    if (first.epoch !== epoch || first.elsewhere) {
      await recognise(client);
      return 0;
    }
    const events = rows.filter(({ sequence }) => sequence !== null).map(toEvent);
    const last = events.at(-1);
    const isFull = events.length === BATCH;
    // Not the horizon: after a crash, PostgreSQL reuses ids of transactions without effects.
    const reached = last ? (isFull ? last : endOfTransaction(last)) : from;
    await reader.onEvents(events, reached, client);
    position = reached;
    const waitedAlready = isWaiting;
    isWaiting = first.waiting;
    if (isFull) return 0;
    caughtUpAt = Date.now();
    if (!isWaiting) return LOOK_EVERY_MS;
    return waitedAlready ? LOOK_SOON_MS : 0;
  }

  async function follow(): Promise<void> {
    for (let failures = 0; !isStopping();) {
      try {
        const pause = await look();
        failures = 0;
        if (hasNews) {
          hasNews = false;
          await client.query(`NOTIFY ${CHANNEL}`);
        }
        if (pause > 0) await bell.rings(pause);
      } catch (error) {
        if (isStopping()) return;
        reader.onFailure(error);
        void client.end().catch(() => undefined);
        await sleep(
          Math.min(RECONNECT_FIRST_MS * 2 ** failures, RECONNECT_LAST_MS),
          undefined,
          stopping,
        ).catch(() => undefined);
        failures += 1;
        if (isStopping()) return;
        client = await open().catch((cause: unknown) => {
          reader.onFailure(cause);
          return client;
        });
      }
    }
  }

  const following = follow();
  return {
    look: () => {
      bell.ring();
    },
    notify: () => {
      hasNews = true;
      bell.ring();
    },
    lag: () => (Date.now() - caughtUpAt) / 1000,
    async stop() {
      stopping.abort();
      bell.ring();
      await following;
      await client.end().catch(() => undefined);
    },
  };
}

interface LogState {
  epoch: string;
  trimmed: string;
  leadsHere: boolean;
  elsewhere: boolean;
  readOnly: boolean;
}

async function stateOf(client: Client, position: LogPosition): Promise<LogState> {
  const { text, values } = Prisma.sql`
    /* recogniseLog */
    SELECT epoch, trimmed_transaction_id AS trimmed, ${leadsTo(position)} AS "leadsHere",
           ${Prisma.raw(ON_OTHER_TIMELINE)} AS elsewhere, ${Prisma.raw(READ_ONLY)} AS "readOnly"
    FROM event_log`;
  const { rows } = await client.query<LogState>(text, values);
  if (!rows[0]) throw new Error('the table event_log has lost its row');
  return rows[0];
}

/** One statement, so one snapshot: the result is complete below its horizon. */
const reading = (horizon: string) => `/* readLog */
  SELECT (SELECT epoch FROM event_log) AS epoch, ${ON_OTHER_TIMELINE} AS elsewhere, waiting, log.*
  FROM (SELECT horizon_now, EXISTS (SELECT FROM events WHERE transaction_id >= horizon_now::bigint) AS waiting
        FROM (SELECT ${horizon} AS horizon_now) AS snapshot) AS now
  LEFT JOIN LATERAL (
    SELECT * FROM events
    WHERE (transaction_id, sequence) > ($1::bigint, $2::bigint) AND transaction_id < horizon_now::bigint
    ORDER BY transaction_id, sequence LIMIT $3) AS log ON true
  ORDER BY transaction_id, sequence`;

const READ = { name: 'readLog', text: reading(HORIZON) };
/** More expensive; used only while events wait. */
const READ_PAST_OTHERS = { name: 'readLogPastOthers', text: reading(HORIZON_HERE) };

interface Row {
  epoch: string;
  elsewhere: boolean;
  waiting: boolean;
  sequence: string | null;
  transaction_id: string;
  nonce: number | null;
  at: Date;
  actor_id: string | null;
  kind: string;
  subject_id: string | null;
  team_id: string | null;
  person_id: string | null;
  conversation_id: string | null;
  run_id: string | null;
  approval_id: string | null;
  data: Event['data'];
}

function toEvent(row: Row): Event {
  return {
    sequence: BigInt(row.sequence ?? 0),
    transactionId: BigInt(row.transaction_id),
    horizon: null,
    nonce: row.nonce,
    at: row.at,
    actorId: row.actor_id,
    kind: row.kind,
    subjectId: row.subject_id,
    teamId: row.team_id,
    personId: row.person_id,
    conversationId: row.conversation_id,
    runId: row.run_id,
    approvalId: row.approval_id,
    data: row.data,
  };
}

function createBell() {
  let rung = false;
  let answer: (() => void) | undefined;
  return {
    ring(): void {
      rung = true;
      answer?.();
    },
    async rings(ms: number): Promise<void> {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        const timer = setTimeout(resolve, ms);
        answer = () => {
          resolve(undefined);
        };
        await promise;
        clearTimeout(timer);
        answer = undefined;
      }
      rung = false;
    },
  };
}
