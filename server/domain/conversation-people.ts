import { z } from 'zod';
import type { Transaction } from '../database/transaction.ts';
import { Conflict, NotFound, ValidationFailed } from '../errors.ts';
import { appendConversationOfferEvents } from '../log/conversation-event.ts';
import { visible, type Person, type Viewer } from '../policy.ts';
import { lockUser } from '../sql/locks.ts';
import { visibleUsers } from '../sql/visible-users.ts';
import { emailAddress } from './email-address.ts';
import { idOf } from './validation.ts';

/** In addition to the owner. */
export const MOST_PARTICIPANTS = 50;

const MOST_CONVERSATION_OFFERS = 100;

const TOO_MANY = `You can name at most ${MOST_PARTICIPANTS} people.`;

/** The fields of an input that name people for a conversation. */
export const namedPeople = {
  participantIds: z
    .array(idOf('User'))
    .max(MOST_PARTICIPANTS, TOO_MANY)
    .nullish()
    .transform((given) => [...new Set(given)].sort()),
  /** Undefined if there are none, so that the fingerprint of a creation without addresses stays the same. */
  emails: z
    .array(emailAddress)
    .max(MOST_PARTICIPANTS, TOO_MANY)
    .nullish()
    .transform((given) => (given?.length ? [...new Set(given)].sort() : undefined)),
};

interface Named {
  participantIds: readonly string[];
  emails?: readonly string[] | undefined;
}

interface Receivers {
  /** They participate at once: people in a team with the viewer. */
  mates: string[];
  /** They get an offer. */
  others: { id: string; isByEmail: boolean }[];
}

/**
 * The named people without the viewer. Addresses without a verified account are ignored, since the response must not
 * depend on whether an address has an account.
 * @throws NotFound for the id of a person that the viewer cannot see.
 */
export async function peopleNamed(
  tx: Transaction,
  viewer: Viewer,
  { participantIds, emails = [] }: Named,
): Promise<Receivers> {
  if (participantIds.length + emails.length > MOST_PARTICIPANTS)
    throw new ValidationFailed(TOO_MANY, { field: 'participantIds' });
  const known = await visibleUsers(tx, viewer, participantIds);
  const missing = participantIds.find((id) => !known.has(id));
  if (missing !== undefined) throw new NotFound('person', missing);

  const named = { OR: [{ id: { in: [...participantIds] } }, { email: { in: [...emails] } }] };
  const mates = await tx.user.findMany({
    where: {
      AND: [named, { id: { not: viewer.actorId }, memberships: { some: visible.membership(viewer) } }],
    },
    select: { id: true },
  });
  const excluded = new Set([viewer.actorId, ...mates.map(({ id }) => id)]);
  const owners =
    emails.length === 0
      ? []
      : await tx.user.findMany({
          where: { email: { in: [...emails] }, emailVerified: true },
          select: { id: true },
        });
  const byEmail = owners.filter(({ id }) => !participantIds.includes(id));
  return {
    mates: mates.map(({ id }) => id),
    others: [
      ...participantIds.map((id) => ({ id, isByEmail: false })),
      ...byEmail.map(({ id }) => ({ id, isByEmail: true })),
    ].filter(({ id }) => !excluded.has(id)),
  };
}

/**
 * Also stores offers to people who block the sender, unseen, so that the sender cannot detect a block. Ignores people
 * with an offer of this conversation.
 * @throws Conflict if a person named by id has 100 open offers from the sender; one named by address then gets none.
 */
export async function offerConversation(
  tx: Transaction,
  { userId: offeredById }: Person,
  conversationId: string,
  to: Receivers['others'],
): Promise<void> {
  if (to.length === 0) return;
  await lockUser(tx, offeredById);
  const ids = to.map(({ id }) => id);
  const offered = await tx.conversationOffer.findMany({
    where: { conversationId, userId: { in: ids } },
    select: { userId: true },
  });
  const open = await tx.conversationOffer.groupBy({
    by: 'userId',
    where: { offeredById, userId: { in: ids } },
    having: { userId: { _count: { gte: MOST_CONVERSATION_OFFERS } } },
  });
  const full = new Set(open.map(({ userId }) => userId));
  const has = new Set(offered.map(({ userId }) => userId));
  const wanted = to.filter(({ id }) => !has.has(id));
  if (wanted.some(({ id, isByEmail }) => full.has(id) && !isByEmail))
    throw new Conflict(
      `One of these people has ${MOST_CONVERSATION_OFFERS} unanswered conversation offers from you. Delete some conversations, or wait for an answer.`,
      { field: 'participantIds' },
    );
  const receivers = wanted.filter(({ id }) => !full.has(id)).map(({ id }) => id);
  if (receivers.length === 0) return;
  await tx.conversationOffer.createMany({
    data: receivers.map((userId) => ({ conversationId, userId, offeredById })),
  });
  await appendConversationOfferEvents(tx, 'conversation.offered', conversationId, receivers);
}
