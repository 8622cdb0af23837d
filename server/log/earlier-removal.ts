import type { Transaction } from '../database/transaction.ts';
import { ownChanges, type Person } from '../policy.ts';
import type { EventKind } from './catalogue.ts';
import { encodeCursor } from './cursor.ts';

/** Makes removals idempotent: the cursor of the same person's earlier removal, or null. */
export async function earlierRemoval(
  tx: Transaction,
  kind: EventKind,
  person: Person,
  subjectId: string,
): Promise<string | null> {
  const event = await tx.event.findFirst({ where: { subjectId, kind, ...ownChanges(person) } });
  return event && encodeCursor(tx, event);
}
