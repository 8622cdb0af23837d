import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { Prisma, type Event } from '../../prisma/generated/client/client.ts';
import { HORIZON, HORIZON_HERE } from '../database/horizon.ts';
import { openSession } from '../database/session.ts';
import { endEpoch, ON_OTHER_TIMELINE, READ_ONLY } from './epoch.ts';
import { endOfTransaction, leadsTo, type LogPosition } from './cursor.ts';

/** The log at the moment from which on it is read. */
export interface OpenedLog {
  epoch: string;
  /** The latest events, in order. */
  recent: Event[];
  /** Up to here there may have been events that are not among them. */
  floor: LogPosition;
  /** Everything up to here is behind the reader: that of an event, or of the last that was trimmed. */
  position: LogPosition;
}

/** What comes out of the log, as it comes. */
export interface LogReader {
  /**
   * The log as it is from here on: at the start, and again where it was exchanged for another one. What was read
   * before no longer counts then.
   */
  onOpen(log: OpenedLog): void;
  /** Events that were read, or acknowledged, may be lost: a new epoch begins. */
  onLoss(): void;
  /**
   * The next events in order; everything up to `position` has been read with them. What it rejects with counts as a
   * failure to read them, and they come again.
   * @param connection what the log is read on, for what else has to be known of these events.
   */
  onEvents(events: Event[], position: LogPosition, connection: LogConnection): void | Promise<void>;
  onFailure(error: unknown): void;
}

export type LogConnection = Pick<Client, 'query'>;

export interface Tail {
  /** Looks now, since something was committed. */
  look(): void;
  /** The same, and tells other processes by way of the database. */
  notify(): void;
  /** Seconds since it last had read everything; grows while the database is away. */
  lag(): number;
  stop(): Promise<void>;
}

/** Before everything. */
const START: LogPosition = { transactionId: 0n, sequence: 0n, nonce: null };
const CHANNEL = 'taskwire_events';
/** By this name PostgreSQL knows each server's connection that reads the log. */
export const LOG_READER = 'taskwire log';
const LOOK_EVERY_MS = 1_000;
/** Until the next look where something committed waits behind a transaction that is still under way. */
const LOOK_SOON_MS = 25;
const BATCH = 1_000;
/** As many as a reader can be behind, and more, for they may have read a part of what comes after their mark's horizon. */
const RECENT = 11_000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_LAST_MS = 2_000;
const CONNECT_WITHIN_MS = 5_000;
/** Who says nothing for so long is gone, though the connection may seem to be there. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * Reads the log in its order as it grows, on a connection of its own that is opened again whenever it breaks, from where
 * it was. It reads below the oldest transaction that is still under way, so that none that commits late is skipped.
 * @throws where the database cannot be read at the start.
 */
export async function startTail(url: string, reader: LogReader): Promise<Tail> {
  let position = START;
  let epoch: string | undefined;
  let caughtUpAt = Date.now();
  /** Whether something committed lies above the horizon. */
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
    // Also while nothing is asked of it; the next look then fails, and a new connection is made.
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

  /**
   * Finds out whether this is still the log that was read before. A promoted standby, or an older copy of the data, may
   * have lost events and give their numbers out again.
   */
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
    // Below the horizon the latest event is the last of its transaction.
    position = recent[0] ? endOfTransaction(recent[0]) : trimmed;
    reader.onOpen({ epoch, recent: recent.reverse(), floor: beyond ?? trimmed, position });
    caughtUpAt = Date.now();
  }

  /** @returns how long to wait until the next look. */
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
    // Not the horizon: after a crash PostgreSQL gives out again the ids of transactions that had left nothing behind.
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

/** One statement and so one snapshot: what it does not give below its own horizon is not there. */
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
/** Costs more, and is asked only where something waits. */
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
    data: row.data,
  };
}

/** Something to wait for, that also remembers having been rung while nobody waited. */
function createBell() {
  let rung = false;
  let answer: (() => void) | undefined;
  return {
    ring(): void {
      rung = true;
      answer?.();
    },
    /** Until it rings, or `ms` have passed. */
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
