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

async function readShare(query: object, id: string, { db, viewer }: Context) {
  const where = { id, AND: visible.share(viewer) };
  const share = await db.taskShare.findFirst({ ...query, where, relationLoadStrategy: 'join' });
  if (!share) throw new NotFound('share');
  return share;
}

async function readOffer(query: object, id: string, { db, viewer }: Context) {
  const where = { id, AND: visible.shareOffer(viewer) };
  const offer = await db.shareOffer.findFirst({ ...query, where, relationLoadStrategy: 'join' });
  if (!offer) throw new NotFound('share offer');
  return offer;
}

function sharePayload(t: PayloadFields<Change>) {
  return {
    share: t.prismaField({
      type: TaskShare,
      description: 'The share after the change.',
      resolve: (query, { id }, _args, context) => readShare(query, id, context),
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  };
}

builder.relayMutationField(
  'shareTask',
  {
    description: 'A task, a person and a permission. Identify the person by `userId` or by `email`.',
    inputFields: (t) => ({
      taskId: t.id({ required: true, description: 'The task to share.' }),
      userId: t.id({
        description: 'A person the viewer can see. Not the viewer or the task’s owner.',
      }),
      email: t.string({
        description: 'Any email address. The response does not reveal whether it has an account.',
      }),
      permission: t.field({ type: Permission, description: 'Default: VIEW.' }),
      expiresAt: t.field({
        type: 'DateTime',
        description:
          'When the share expires; must be in the future. Without it, the share lasts until it is revoked.',
      }),
    }),
  },
  {
    description: `Shares a task. A person in one of the viewer’s teams gets access at once. For any other person, it creates an offer that they can accept or decline within ${OFFERED_FOR_DAYS} days. Sharing again with the same values is idempotent; it renews an open offer with the new terms and a new link. Fails with CONFLICT if the task is shared with the person on other terms (use \`updateShare\`), or if the receiver has more than ${MOST_OFFERS} open offers.`,
    resolve: (_root, { input }, { db, person }) => shareTask(db, person, input),
  },
  {
    description: 'The created share, or the offer of one.',
    outputFields: (t: PayloadFields<Sharing>) => ({
      share: t.field({
        type: TaskShare,
        nullable: true,
        description: 'The share. Null if an offer was created.',
        resolve: ({ shareId }, _args, context, info) =>
          shareId === null ? null : readShare(queryFromInfo({ context, info }), shareId, context),
      }),
      offer: t.field({
        type: ShareOffer,
        nullable: true,
        description: 'The offer, if the receiver has to accept it first.',
        resolve: ({ offerId }, _args, context, info) =>
          offerId === null ? null : readOffer(queryFromInfo({ context, info }), offerId, context),
      }),
      link: t.string({
        nullable: true,
        description:
          'Link of an offer to an email address. Any person with the link can accept the offer, once. Only this response contains it; send it to the receiver.',
        resolve: ({ secret }, _args, { authServices }) =>
          secret === null ? null : `${authServices.origins.own}/offer#${secret}`,
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

builder.relayMutationField(
  'updateShare',
  {
    description: 'New values for a share. Omitted fields do not change.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Share id.' }),
      permission: t.field({ type: Permission, description: 'New permission.' }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When the share expires; must be in the future. Null: it lasts until it is revoked.',
      }),
    }),
  },
  {
    description: 'Changes the permission or the expiry of a share.',
    resolve: (_root, { input }, { db, person }) => updateShare(db, person, input),
  },
  { description: 'The changed share.', outputFields: sharePayload },
);

builder.relayMutationField(
  'revokeShare',
  {
    description: 'Identifies the share to end.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Share id.' }) }),
  },
  {
    description: 'Ends a share immediately. The receiver uses it to give up their own access. Idempotent.',
    resolve: (_root, { input }, { db, person }) => revokeShare(db, person, input),
  },
  {
    description: 'The result of revoking a share.',
    outputFields: (t) => ({
      revokedShareId: t.id({
        description: 'Id of the share, which no longer exists.',
        resolve: ({ id }) => publicId('TaskShare', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

function offerReference(
  t: PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>,
) {
  return {
    id: t.id({ description: 'Offer id, from `User.shareOffers`.' }),
    secret: t.string({ description: 'Secret of the offer’s link, instead of `id`.' }),
  };
}

builder.relayMutationField(
  'acceptShare',
  { description: 'A share offer, by `id` or by `secret`.', inputFields: offerReference },
  {
    description:
      'Accepts an offered share. Accepting again by `id` is idempotent. Fails with NOT_FOUND if the offer was answered, withdrawn or has expired, or if its sender may no longer share the task. Fails with CONFLICT if the viewer already has a share of the task, or may share it themselves.',
    resolve: (_root, { input }, { db, person }) => acceptShare(db, person, input),
  },
  { description: 'The accepted share.', outputFields: sharePayload },
);

function goneOffer(name: 'refusedShareOfferId' | 'revokedShareOfferId') {
  return (t: PayloadFields<Change>) => ({
    [name]: t.id({
      description: 'Id of the offer that has ended.',
      resolve: ({ id }) => publicId('ShareOffer', id),
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  });
}

builder.relayMutationField(
  'refuseShare',
  { description: 'A share offer, by `id` or by `secret`.', inputFields: offerReference },
  {
    description: 'Declines an offered share. Declining again by `id` is idempotent.',
    resolve: (_root, { input }, { db, person }) => refuseShare(db, person, input),
  },
  { description: 'The result of declining an offer.', outputFields: goneOffer('refusedShareOfferId') },
);

builder.relayMutationField(
  'revokeShareOffer',
  {
    description: 'Identifies the offer to withdraw.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Offer id, from `Task.shareOffers`.' }),
    }),
  },
  {
    description: 'Withdraws an open offer. Idempotent.',
    resolve: (_root, { input }, { db, person }) => revokeShareOffer(db, person, input),
  },
  { description: 'The result of withdrawing an offer.', outputFields: goneOffer('revokedShareOfferId') },
);
