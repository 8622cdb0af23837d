import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { committed, isTransaction, type Transaction } from '../database/transaction.ts';
import type { EventKind, NewEvent } from './catalogue.ts';
import {
  compare,
  leadsTo,
  cursorAt,
  SNAPSHOT,
  encodeCursor,
  type LogCursor,
  type LogPosition,
} from './cursor.ts';

const mark = { transactionId: true, sequence: true, horizon: true, nonce: true } as const;

/** Appends an event in the transaction of its change. @returns the log cursor after the change. */
export async function append<Kind extends EventKind>(
  tx: Transaction | Database,
  event: NewEvent<Kind>,
): Promise<string> {
  const appended = await tx.event.create({ data: row(event), select: mark });
  if (!isTransaction(tx)) committed(tx as Database);
  return encodeCursor(tx, appended);
}

/** Appends the events of a batch in one statement. @returns the log cursor after the last one. */
export async function appendAll<Kind extends EventKind>(
  tx: Transaction,
  events: readonly NewEvent<Kind>[],
): Promise<string> {
  const positions: LogCursor[] = await tx.event.createManyAndReturn({ data: events.map(row), select: mark });
  const last = positions.sort(compare).at(-1);
  return last ? encodeCursor(tx, last) : currentCursor(tx);
}

export interface Appended {
  subjectId: string | null;
  transactionId: string;
  sequence: string;
  horizon: string;
  nonce: number;
}

/** SQL that appends the event if `change`, a table expression of the statement, has a row. */
export function appendedTo<Kind extends EventKind>(change: string, event: NewEvent<Kind>): Prisma.Sql {
  return Prisma.sql`INSERT INTO events (${columns}) SELECT ${values(event)} FROM ${Prisma.raw(change)} ${returned}`;
}

export function appended<Kind extends EventKind>(events: readonly NewEvent<Kind>[]): Prisma.Sql {
  const rows = events.map((event) => Prisma.sql`(${values(event)})`);
  return Prisma.sql`INSERT INTO events (${columns}) VALUES ${Prisma.join(rows)} ${returned}`;
}

const columns = Prisma.sql`kind, actor_id, subject_id, team_id, person_id, conversation_id, data`;
const returned = Prisma.sql`
  RETURNING subject_id AS "subjectId", transaction_id AS "transactionId", sequence, horizon, nonce`;

function values<Kind extends EventKind>(event: NewEvent<Kind>): Prisma.Sql {
  const { kind, actorId, subjectId, teamId = null, personId = null, conversationId = null, data } = event;
  return Prisma.sql`
    ${kind}, ${actorId}::uuid, ${subjectId}::uuid, ${teamId}::uuid, ${personId}::uuid, ${conversationId}::uuid,
    ${JSON.stringify(data)}::jsonb`;
}

function row<Kind extends EventKind>({ data, ...event }: NewEvent<Kind>): Prisma.EventCreateManyInput {
  return { ...event, data: data as Prisma.InputJsonObject };
}

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
