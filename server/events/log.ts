import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { committed, isTransaction, type Transaction } from '../database/transaction.ts';
import type { EventKind, NewEvent } from './kinds.ts';
import { compare, markOf, toCursor, type Mark } from './position.ts';

const mark = { transactionId: true, sequence: true, horizon: true } as const;

/**
 * Appends one event to the log, in the transaction of the change that it tells of.
 * @returns the log's cursor after the change.
 */
export async function append<Kind extends EventKind>(
  tx: Transaction | Database,
  event: NewEvent<Kind>,
): Promise<string> {
  const appended = await tx.event.create({ data: row(event), select: mark });
  if (!isTransaction(tx)) committed(tx as Database);
  return toCursor(tx, appended);
}

/**
 * Appends the events of one change to many things, in one statement.
 * @returns the log's cursor after the last of them.
 */
export async function appendAll<Kind extends EventKind>(
  tx: Transaction,
  events: readonly NewEvent<Kind>[],
): Promise<string> {
  const positions: Mark[] = await tx.event.createManyAndReturn({ data: events.map(row), select: mark });
  const last = positions.sort(compare).at(-1);
  return last ? toCursor(tx, last) : currentCursor(tx);
}

/**
 * The same as a part of a statement: appends the event if `change`, a table expression of that statement, has a row.
 * Its own row is the log's mark after the change.
 */
export function appendedTo<Kind extends EventKind>(change: string, event: NewEvent<Kind>): Prisma.Sql {
  const { kind, actorId, subjectId, teamId = null, personId = null, conversationId = null, data } = event;
  return Prisma.sql`
    INSERT INTO events (kind, actor_id, subject_id, team_id, person_id, conversation_id, data)
    SELECT ${kind}, ${actorId}::uuid, ${subjectId}::uuid, ${teamId}::uuid, ${personId}::uuid, ${conversationId}::uuid,
           ${JSON.stringify(data)}::jsonb
    FROM ${Prisma.raw(change)}
    RETURNING transaction_id AS "transactionId", sequence, horizon`;
}

function row<Kind extends EventKind>({ data, ...event }: NewEvent<Kind>): Prisma.EventCreateManyInput {
  return { ...event, data: data as Prisma.InputJsonObject };
}

/** The cursor after which everything is news to a reader who reads now. */
export async function currentCursor(tx: Transaction | Database): Promise<string> {
  const [row] = await tx.$queryRaw<[{ snapshot: string }]>`
    /* currentCursor */ SELECT pg_current_snapshot()::text AS snapshot`;
  return toCursor(tx, markOf(row.snapshot));
}
