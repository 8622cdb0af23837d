import type { Change } from './change.ts';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { NotFound, ValidationFailed } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append, currentCursor } from '../log/append.ts';
import { newId } from '../ids.ts';
import { visible, type Person, type Viewer } from '../policy.ts';
import { viewerOf } from '../sql/viewer.ts';
import { checkQuota } from './quota.ts';
import { answerable, secretOf } from './share-offer.ts';
import { idOf, parse } from './validation.ts';

const wanted = z
  .object({
    userId: idOf('User').nullish(),
    offerId: idOf('ShareOffer').nullish(),
    secret: secretOf.nullish(),
  })
  .refine((input) => Object.values(input).filter((value) => value != null).length === 1, {
    message: 'Specify exactly one of `userId`, `offerId` and `secret`.',
    path: ['userId'],
  });
type Wanted = z.output<typeof wanted>;

/** Hides a person's current and future offers. The other person is not notified. Idempotent. */
export async function blockPerson(db: Database, person: Person, input: unknown): Promise<Change> {
  const named = parse(wanted, input);
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    const blockerId = person.userId;
    const blockedId = await personNamed(tx, await viewerOf(tx, person), named);
    if (blockedId === blockerId) throw new ValidationFailed('You cannot block yourself.');
    const id = newId();
    const { count } = await tx.block.createMany({
      data: [{ id, blockerId, blockedId }],
      skipDuplicates: true,
    });
    if (count === 0) {
      const where = { blockerId_blockedId: { blockerId, blockedId } };
      const earlier = await tx.block.findUniqueOrThrow({ where, select: { id: true } });
      return { id: earlier.id, cursor: await currentCursor(tx) };
    }
    const event = { kind: 'user.blocked', actorId: blockerId, subjectId: id, data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

/** Open offers of the person become visible again. Idempotent. */
export async function unblockPerson(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('Block') }), input);
  return inTransaction(db, async (tx) => {
    const { count } = await tx.block.deleteMany({ where: { id, AND: visible.block(person) } });
    if (count === 0) {
      const cursor = await earlierRemoval(tx, 'user.unblocked', person, id);
      if (cursor === null) throw new NotFound('block', id);
      return { id, cursor };
    }
    const event = { kind: 'user.unblocked', actorId: person.userId, subjectId: id, data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

async function personNamed(
  tx: Transaction,
  viewer: Viewer,
  { userId, offerId, secret }: Wanted,
): Promise<string> {
  if (userId != null) {
    const seen = await tx.user.count({ where: { id: userId, AND: visible.user(viewer) } });
    if (seen === 0) throw new NotFound('person', userId);
    return userId;
  }
  const where = answerable(viewer, { id: offerId, secret });
  const offer = await tx.shareOffer.findFirst({ where, select: { offeredById: true } });
  if (!offer) throw new NotFound('share offer', offerId ?? undefined);
  return offer.offeredById;
}
