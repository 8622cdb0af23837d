import type { Change } from '../server/domain/change.ts';
import { queryFromInfo } from '@pothos/plugin-prisma';
import { revokeShare, shareTask, updateShare, type Sharing } from '../server/domain/share.ts';
import {
  acceptShare,
  MOST_OFFERS,
  OFFERED_FOR_DAYS,
  refuseShare,
  revokeShareOffer,
} from '../server/domain/share-offer.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { ShareOffer } from './share-offer.ts';
import { Permission, TaskShare } from './share.ts';

/** Re-reads a share with the client's selection. */
async function readShare(query: object, id: string, { db, viewer }: Context) {
  const where = { id, AND: visible.share(viewer) };
  const share = await db.taskShare.findUnique({ ...query, where, relationLoadStrategy: 'join' });
  if (!share) throw new NotFound('share');
  return share;
}

/** Re-reads an offer with the client's selection. */
async function readOffer(query: object, id: string, { db, viewer }: Context) {
  const where = { id, AND: visible.shareOffer(viewer) };
  const offer = await db.shareOffer.findUnique({ ...query, where, relationLoadStrategy: 'join' });
  if (!offer) throw new NotFound('share offer');
  return offer;
}

/** What changing and accepting a share give back. */
function sharePayload(t: PayloadFields<Change>) {
  return {
    share: t.prismaField({
      type: TaskShare,
      description: 'The share as it is now.',
      resolve: (query, { id }, _args, context) => readShare(query, id, context),
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  };
}

builder.relayMutationField(
  'shareTask',
  {
    description: 'Which task, with whom, and for what. Name the person by `userId` or by `email`.',
    inputFields: (t) => ({
      taskId: t.id({ required: true, description: 'Which task.' }),
      userId: t.id({
        description: 'A person whom the viewer sees already. Not the viewer, nor the task’s owner.',
      }),
      email: t.string({
        description: 'Any address; the answer does not tell whether it has an account.',
      }),
      permission: t.field({ type: Permission, description: 'VIEW when left out.' }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it ends by itself, in the future; when left out, it lasts until it is revoked.',
      }),
    }),
  },
  {
    description: `Shares a task with a person of a team in common at once. Anyone else is offered the share for ${OFFERED_FOR_DAYS} days, and accepts or refuses it. Sharing again in the same way is harmless, and renews an offer, with the terms given now and a new link. CONFLICT where it is shared with them in another way, which \`updateShare\` changes, and for more than ${MOST_OFFERS} open offers to the same receiver.`,
    resolve: (_root, { input }, { db, person }) => shareTask(db, person, input),
  },
  {
    description: 'The made share, or the offer of one.',
    outputFields: (t: PayloadFields<Sharing>) => ({
      share: t.field({
        type: TaskShare,
        nullable: true,
        description: 'The share as it is now; null where it is offered.',
        resolve: ({ shareId }, _args, context, info) =>
          shareId === null ? null : readShare(queryFromInfo({ context, info }), shareId, context),
      }),
      offer: t.field({
        type: ShareOffer,
        nullable: true,
        description: 'The offer, where the receiver has to accept it first.',
        resolve: ({ offerId }, _args, context, info) =>
          offerId === null ? null : readOffer(queryFromInfo({ context, info }), offerId, context),
      }),
      link: t.string({
        nullable: true,
        description:
          'For an offer to an address: the page on which any person who has this link accepts it, once. It is only in this answer; send it to the receiver.',
        resolve: ({ secret }, _args, { authServices }) =>
          secret === null ? null : `${authServices.origins.own}/offer#${secret}`,
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

builder.relayMutationField(
  'updateShare',
  {
    description: 'New terms for a share. What is left out stays as it is.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which share.' }),
      permission: t.field({ type: Permission, description: 'What it allows from now on.' }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it ends by itself, in the future; null lets it last until it is revoked.',
      }),
    }),
  },
  {
    description: 'Changes what a share allows, or until when.',
    resolve: (_root, { input }, { db, person }) => updateShare(db, person, input),
  },
  { description: 'The changed share.', outputFields: sharePayload },
);

builder.relayMutationField(
  'revokeShare',
  {
    description: 'Which share ends.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which share.' }) }),
  },
  {
    description:
      'Takes the access back, at once; its receiver gives it up in the same way. Revoking it again is harmless.',
    resolve: (_root, { input }, { db, person }) => revokeShare(db, person, input),
  },
  {
    description: 'What is left of a revoked share.',
    outputFields: (t) => ({
      revokedShareId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('TaskShare', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

/** The fields that name an offer to its receiver. */
function offerReference(
  t: PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>,
) {
  return {
    id: t.id({ description: 'Which offer; see `User.shareOffers`.' }),
    secret: t.string({ description: 'The secret of the offer’s link, in place of its id.' }),
  };
}

builder.relayMutationField(
  'acceptShare',
  { description: 'Which offer, by `id` or by `secret`.', inputFields: offerReference },
  {
    description:
      'Makes the offered share. Accepting it again by its id is harmless. NOT_FOUND where it was answered or withdrawn, has expired, or its sender may no longer share the task; CONFLICT where the viewer has a share of the task, or may share it themselves.',
    resolve: (_root, { input }, { db, person }) => acceptShare(db, person, input),
  },
  { description: 'The accepted share.', outputFields: sharePayload },
);

/** What is left of an offer that is gone. */
function goneOffer(name: 'refusedShareOfferId' | 'revokedShareOfferId') {
  return (t: PayloadFields<Change>) => ({
    [name]: t.id({
      description: 'The id that no longer leads anywhere.',
      resolve: ({ id }) => publicId('ShareOffer', id),
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  });
}

builder.relayMutationField(
  'refuseShare',
  { description: 'Which offer, by `id` or by `secret`.', inputFields: offerReference },
  {
    description: 'Declines an offered share. Refusing it again by its id is harmless.',
    resolve: (_root, { input }, { db, person }) => refuseShare(db, person, input),
  },
  { description: 'What is left of a refused offer.', outputFields: goneOffer('refusedShareOfferId') },
);

builder.relayMutationField(
  'revokeShareOffer',
  {
    description: 'Which offer ends.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which offer; see `Task.shareOffers`.' }),
    }),
  },
  {
    description: 'Withdraws an offer that is not accepted yet. Doing it again is harmless.',
    resolve: (_root, { input }, { db, person }) => revokeShareOffer(db, person, input),
  },
  { description: 'What is left of a withdrawn offer.', outputFields: goneOffer('revokedShareOfferId') },
);
