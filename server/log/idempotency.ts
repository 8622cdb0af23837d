import { createHash } from 'node:crypto';
import type { Transaction } from '../database/transaction.ts';
import { Conflict } from '../errors.ts';
import type { Person } from '../policy.ts';
import type { EventKind } from './catalogue.ts';
import { encodeCursor } from './cursor.ts';

type Creation = Extract<
  EventKind,
  'task.created' | 'comment.added' | 'team.created' | 'conversation.created' | 'message.sent'
>;

/** What tells a creation that is sent again from another one under the same id. */
export function fingerprintOf(fields: object): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
}

/**
 * The log's cursor after the first creation under a client-made id that is taken, when this is the same one again.
 * @throws Conflict where the id belongs to another creation, or to another's.
 */
export async function firstCreation(
  tx: Transaction,
  kind: Creation,
  { userId }: Person,
  id: string,
  fingerprint: string,
): Promise<string> {
  const event = await tx.event.findFirst({
    where: { subjectId: id, kind, actorId: userId, data: { path: ['fingerprint'], equals: fingerprint } },
  });
  if (!event) throw takenId();
  return encodeCursor(tx, event);
}

/**
 * The same for many creations of one call, which were all made before, or else none of them.
 * @param made how many of them were made just now.
 * @throws Conflict also where only some are taken; the transaction then undoes the others.
 */
export async function firstCreations(
  tx: Transaction,
  kind: Creation,
  { userId }: Person,
  given: readonly { id: string; fingerprint: string; path: string }[],
  made: number,
): Promise<string> {
  const events = await tx.event.findMany({
    where: { subjectId: { in: given.map(({ id }) => id) }, kind, actorId: userId },
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

/**
 * A creation that arrives late must not bring back what was deleted meanwhile.
 * @throws Conflict where something was created under one of these client-made ids before.
 */
export async function refuseUsedIds(tx: Transaction, kind: Creation, ids: readonly string[]): Promise<void> {
  const earlier = await tx.event.findFirst({
    where: { subjectId: { in: [...ids] }, kind },
    select: { sequence: true },
  });
  if (earlier) throw takenId();
}

function takenId(path = ''): Conflict {
  return new Conflict('This id is taken; make a new one.', { field: `${path}id` });
}
