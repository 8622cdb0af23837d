import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { committed, isTransaction, type Transaction } from '../database/transaction.ts';
import type { EventKind, NewEvent } from './catalogue.ts';
import { currentSource } from './source.ts';
import {
  compare,
  leadsTo,
  cursorAt,
  SNAPSHOT,
  encodeCursor,
  type LogCursor,
  type LogPosition,
} from './cursor.ts';

/** Appends events in the transaction of their change, in one statement. @returns the log cursor after the last one. */
export async function append<Kind extends EventKind>(
  tx: Transaction | Database,
  ...events: readonly NewEvent<Kind>[]
): Promise<string> {
  if (events.length === 0) return currentCursor(tx);
  const appended = await tx.$queryRaw<LogCursor[]>`/* append */ ${appendSql(events)}`;
  if (!isTransaction(tx)) committed(tx as Database);
  return encodeCursor(tx, appended.sort(compare).at(-1) as LogCursor);
}

export interface Appended {
  subjectId: string | null;
  transactionId: string;
  sequence: string;
  horizon: string;
  nonce: number;
}

export function appendSql<Kind extends EventKind>(
  events: readonly NewEvent<Kind>[],
  condition = Prisma.sql`true`,
): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO events (kind, actor_id, subject_id, team_id, person_id, conversation_id, data, run_id, approval_id)
    SELECT kind, "actorId", "subjectId", "teamId", "personId", "conversationId", data, "runId", "approvalId"
    FROM jsonb_to_recordset(${JSON.stringify(events.map(attributed))}::jsonb) AS new(
      kind text, "actorId" uuid, "subjectId" uuid, "teamId" uuid, "personId" uuid, "conversationId" uuid, data jsonb,
      "runId" uuid, "approvalId" uuid)
    WHERE ${condition}
    RETURNING subject_id AS "subjectId", transaction_id AS "transactionId", sequence, horizon, nonce`;
}

/** An event without an actor does not tell through what it was made either. */
function attributed<Kind extends EventKind>({ source = currentSource(), ...event }: NewEvent<Kind>) {
  return source === null || event.actorId === null ? event : { ...event, ...source };
}

interface EventExpressions {
  actorId?: Prisma.Sql;
  subjectId: Prisma.Sql;
  teamId?: Prisma.Sql;
  personId: Prisma.Sql;
  data?: Prisma.Sql;
}

/** SQL that appends an event for each row of `from`, the rest of a query after FROM. */
export function appendEachSql(kind: EventKind, event: EventExpressions, from: Prisma.Sql): Prisma.Sql {
  const { actorId = NONE, subjectId, teamId = NONE, personId, data = Prisma.sql`'{}'::jsonb` } = event;
  const { runId = null, approvalId = null } = (event.actorId && currentSource()) ?? {};
  return Prisma.sql`
    INSERT INTO events (kind, actor_id, subject_id, team_id, person_id, data, run_id, approval_id)
    SELECT ${kind}, ${actorId}, ${subjectId}, ${teamId}, ${personId}, ${data}, ${runId}::uuid, ${approvalId}::uuid
    FROM ${from}`;
}

const NONE = Prisma.sql`NULL::uuid`;

/** A cursor from which everything not visible now is delivered. */
export async function currentCursor(tx: Transaction | Database): Promise<string> {
  const [row] = await tx.$queryRaw<[{ seen: string }]>`
    /* currentCursor */ SELECT ${Prisma.raw(SNAPSHOT)} AS seen`;
  return encodeCursor(tx, cursorAt(row.seen));
}

/** Whether a position belongs to this log. PostgreSQL may have lost events up to it. */
export async function logLeadsTo(db: Database, position: LogPosition): Promise<boolean> {
  const [log] = await db.$queryRaw<[{ isThere: boolean }]>`
    /* logLeadsTo */ SELECT ${leadsTo(position)} AS "isThere" FROM event_log`;
  return log.isThere;
}
