import type { MessageRole, Prisma, SharePermission, TeamRole } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { TaskEventData } from './task-event.ts';

/** Each kind of event that the server appends, with the data that it carries: ids and facts, never rows. */
interface EventKinds {
  'task.created': TaskEventData & { fingerprint: string };
  'task.updated': TaskEventData;
  'task.completed': TaskEventData;
  'task.reopened': TaskEventData;
  'task.deleted': TaskEventData;
  'task.shared': { taskId: string; permission: SharePermission };
  'task.shareUpdated': { taskId: string; permission: SharePermission };
  'task.shareRevoked': { taskId: string };
  'comment.added': { taskId: string; fingerprint: string };
  'comment.updated': { taskId: string };
  'comment.deleted': { taskId: string };
  'team.created': { fingerprint: string };
  'team.updated': { fields: string[] };
  'team.deleted': Record<string, never>;
  'team.memberInvited': { role: TeamRole };
  'team.invitationRevoked': Record<string, never>;
  'team.memberJoined': { role: TeamRole };
  'team.roleChanged': { before: TeamRole; after: TeamRole };
  'team.memberRemoved': { role: TeamRole };
  'team.memberLeft': { role: TeamRole };
  'team.ownershipTransferred': { before: string; after: string };
  /** With whom it is, for its topic is news to them. */
  'conversation.created': { participants: string[]; fingerprint: string };
  'conversation.renamed': Record<string, never>;
  'conversation.deleted': { participants: string[] };
  'message.sent': { conversationId: string; role: MessageRole; fingerprint: string };
  'user.updated': { fields: string[] };
  'apiToken.created': Record<string, never>;
  'apiToken.revoked': Record<string, never>;
  'apiToken.used': Record<string, never>;
  'access.refused': { code: string; operation: string };
  'signIn.failed': Record<string, never>;
}

export type EventKind = keyof EventKinds;

/** Every kind in the log, with those that triggers append (migration `init`). */
export type LoggedKind = EventKind | 'user.signedUp' | 'session.started' | 'session.ended';

export interface NewEvent<Kind extends EventKind> {
  kind: Kind;
  /** Who did it: always the person of the credential; null where nobody is signed in. */
  actorId: string | null;
  subjectId: string | null;
  /** The team whose members may read of it. */
  teamId?: string | null;
  /** Whom it concerns besides the actor. */
  personId?: string | null;
  /** The conversation whose participants may read of it. */
  conversationId?: string | null;
  data: EventKinds[Kind];
}

/**
 * Appends one event to the log, in the transaction of the change that it tells of.
 * @returns the log's cursor after the change.
 */
export async function append<Kind extends EventKind>(
  tx: Transaction,
  event: NewEvent<Kind>,
): Promise<string> {
  return toCursor(
    await tx.event.create({ data: row(event), select: { transactionId: true, sequence: true } }),
  );
}

/**
 * Appends the events of one change to many things, in one statement.
 * @returns the log's cursor after the last of them.
 */
export async function appendAll<Kind extends EventKind>(
  tx: Transaction,
  events: readonly NewEvent<Kind>[],
): Promise<string> {
  const positions = await tx.event.createManyAndReturn({
    data: events.map(row),
    select: { transactionId: true, sequence: true },
  });
  const last = positions.reduce<Position | undefined>(
    (latest, position) => (latest && latest.sequence > position.sequence ? latest : position),
    undefined,
  );
  return last ? toCursor(last) : currentCursor(tx);
}

function row<Kind extends EventKind>({ data, ...event }: NewEvent<Kind>): Prisma.EventCreateManyInput {
  return { ...event, data: data as Prisma.InputJsonObject };
}

/** A place in the log. Transaction ids come first, for a slow transaction may commit after a later sequence. */
export interface Position {
  transactionId: bigint;
  sequence: bigint;
}

/** A position as clients keep it: opaque to them. */
export function toCursor({ transactionId, sequence }: Position): string {
  return Buffer.from(`${transactionId.toString(36)}.${sequence.toString(36)}`).toString('base64url');
}

/** The cursor after which everything is news to a reader who reads now. */
export async function currentCursor(tx: Transaction | Database): Promise<string> {
  const [row] = await tx.$queryRaw<[{ horizon: bigint }]>`
    /* currentCursor */ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon`;
  return toCursor({ transactionId: row.horizon, sequence: 0n });
}
