import type { Transaction } from '../database/transaction.ts';
import type { Person } from '../policy.ts';
import type { EventKind } from './catalogue.ts';
import { encodeCursor } from './cursor.ts';

/**
 * The log cursor after the same person's earlier removal of the same object, which makes removals idempotent. Null if
 * there was none.
 */
export async function earlierRemoval(
  tx: Transaction,
  kind: EventKind,
  { userId }: Person,
  subjectId: string,
): Promise<string | null> {
  const event = await tx.event.findFirst({ where: { subjectId, kind, actorId: userId } });
  return event && encodeCursor(tx, event);
}
