import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { append } from '../events/log.ts';

/**
 * Ends sessions, each with its event.
 * @returns the ids of those that this call has ended; another call may have been faster.
 */
export async function endSessions(tx: Transaction, where: Prisma.SessionWhereInput): Promise<string[]> {
  const ended: string[] = [];
  for (const { id, userId } of await tx.session.findMany({ where, select: { id: true, userId: true } })) {
    const { count } = await tx.session.deleteMany({ where: { id } });
    if (count === 0) continue;
    await append(tx, { kind: 'session.ended', actorId: userId, subjectId: id, data: {} });
    ended.push(id);
  }
  return ended;
}
