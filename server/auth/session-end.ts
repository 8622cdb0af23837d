import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { idOf, parse } from '../domain/validation.ts';
import { NotFound } from '../errors.ts';
import { currentCursor } from '../log/append.ts';
import { visible } from '../policy.ts';
import type { SignedIn } from './credentials.ts';
import { sessionOf } from './password-change.ts';

export interface SessionEnd {
  ids: string[];
  cursor: string;
}

/** Idempotent. @throws NotFound if it was never the person's session. */
export async function endSession(db: Database, holder: SignedIn, input: unknown): Promise<SessionEnd> {
  const { id } = parse(z.object({ id: idOf('Session') }), input);
  sessionOf(holder);
  return inTransaction(db, async (tx) => {
    const { count } = await tx.session.deleteMany({ where: { id, AND: visible.session(holder) } });
    if (count === 0) {
      const where = { subjectId: id, kind: 'session.ended', actorId: holder.userId };
      const earlier = await tx.event.findFirst({ where, select: { sequence: true } });
      if (!earlier) throw new NotFound('session', id);
    }
    return { ids: [id], cursor: await currentCursor(tx) };
  });
}

export async function endOtherSessions(db: Database, holder: SignedIn): Promise<SessionEnd> {
  const where = { ...visible.session(holder), id: { not: sessionOf(holder) } };
  return inTransaction(db, async (tx) => {
    const sessions = await tx.session.findMany({ where, select: { id: true } });
    await tx.session.deleteMany({ where });
    return { ids: sessions.map(({ id }) => id), cursor: await currentCursor(tx) };
  });
}
