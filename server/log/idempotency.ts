import { hash } from 'node:crypto';
import type { Transaction } from '../database/transaction.ts';
import { Conflict } from '../errors.ts';
import { ownChanges, type Person } from '../policy.ts';
import type { EventKind } from './catalogue.ts';
import { encodeCursor } from './cursor.ts';

type Creation = Extract<
  EventKind,
  'task.created' | 'comment.added' | 'team.created' | 'conversation.created' | 'message.sent'
>;

export function fingerprintOf(fields: object): string {
  return hash('sha256', JSON.stringify(fields), 'base64url');
}

/** For a repeated request. @throws Conflict if the client-generated id belongs to another object. */
export async function firstCreation(
  tx: Transaction,
  kind: Creation,
  person: Person,
  id: string,
  fingerprint: string,
): Promise<string> {
  const event = await tx.event.findFirst({
    where: {
      subjectId: id,
      kind,
      ...ownChanges(person),
      data: { path: ['fingerprint'], equals: fingerprint },
    },
  });
  if (!event) throw takenId();
  return encodeCursor(tx, event);
}

/** For a batch: all objects exist already, or none. @throws Conflict, which rolls back, if only some exist. */
export async function firstCreations(
  tx: Transaction,
  kind: Creation,
  person: Person,
  given: readonly { id: string; fingerprint: string; path: string }[],
  made: number,
): Promise<string> {
  const events = await tx.event.findMany({
    where: { subjectId: { in: given.map(({ id }) => id) }, kind, ...ownChanges(person) },
  });
  const byId = new Map(events.map((event) => [event.subjectId, event]));
  const firsts = given.map(({ id, fingerprint, path }) => {
    const event = byId.get(id);
    const first = event && (event.data as { fingerprint?: unknown }).fingerprint;
    if (!event || first !== fingerprint) throw takenId(path);
    return event;
  });
  const [latest] = firsts.sort((a, b) => Number(b.sequence - a.sequence));
  if (!latest || made > 0 || byId.size < given.length) throw takenId();
  return encodeCursor(tx, latest);
}

/** Keeps a delayed request from restoring a deleted object. @throws Conflict if an id was used before. */
export async function refuseUsedIds(tx: Transaction, kind: Creation, ids: readonly string[]): Promise<void> {
  const earlier = await tx.event.findFirst({
    where: { subjectId: { in: [...ids] }, kind },
    select: { sequence: true },
  });
  if (earlier) throw takenId();
}

export function takenId(path = ''): Conflict {
  return new Conflict('This id is already in use. Generate a new one.', { field: `${path}id` });
}
