import { z } from 'zod';
import { answerable, OFFERED_FOR_DAYS } from '../server/domain/share-offer.ts';
import { NotFound } from '../server/errors.ts';
import { can, offeredTo, placement, sharableBy, visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { page, type OrderBy } from './machinery/connection.ts';
import { ownList } from './machinery/own-list.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Permission } from './share.ts';
import { Task } from './task.ts';
import { User } from './user.ts';

export const ShareOffer = builder.prismaNode('ShareOffer', {
  description:
    'A share that waits for its receiver, who is in no team with the sender. It gives no access, and the receiver sees of the task no more than this. It is gone once it is answered, withdrawn or expired.',
  id: { field: 'id', description: 'Starts with `offer_`; the accepted share has an id of its own kind.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.shareOffer(viewer) }),
  select: { id: true },
  fields: (t) => ({
    taskTitle: t.exposeString('title', { description: 'What the task was called when it was offered.' }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'Which task; null for a viewer who may not share it, such as the receiver.',
      select: (_args, _context, nested) => ({ task: nested({ select: placement }) }),
      resolve: ({ task }, _args, { viewer }) => (can(viewer, 'task.share', task) ? task : null),
    }),
    offeredByName: t.string({
      description: 'The name of the person who made it, or renewed it last.',
      select: { offeredBy: { select: { name: true } } },
      resolve: ({ offeredBy }) => offeredBy.name,
    }),
    receiver: t.string({
      nullable: true,
      description:
        'The address or the name that the sender gave; null for a viewer who may not share the task.',
      select: { email: true, user: { select: { name: true } }, task: { select: placement } },
      resolve: ({ email, user, task }, _args, { viewer }) =>
        can(viewer, 'task.share', task) ? (email ?? user?.name) : null,
    }),
    permission: t.expose('permission', { type: Permission, description: 'What the share will allow.' }),
    shareExpiresAt: t.expose('shareExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the share will end by itself; null when it will last until it is revoked.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `When the offer expires: ${OFFERED_FOR_DAYS} days after it was made or renewed, or when the share would end.`,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was made or last renewed.' }),
  }),
});

const NEWEST_FIRST: readonly OrderBy<'id'>[] = [
  { field: 'id', value: z.uuid(), unique: true, direction: 'desc' },
];

builder.prismaObjectField(Task, 'shareOffers', (t) =>
  pagedRelation(t, 'offers', {
    type: ShareOffer,
    description:
      'To whom a share is offered and not accepted yet, the newest first. Empty for a viewer who may not share the task.',
    where: (_args, { viewer }) => ({ expiresAt: { gt: new Date() }, task: sharableBy(viewer) }),
    order: () => NEWEST_FIRST,
    page: 'A page of share offers.',
    edge: 'A share offer at its place of the list.',
  }),
);

builder.prismaObjectField(User, 'shareOffers', (t) =>
  t.connection(
    {
      type: ShareOffer,
      description:
        'Shares that are offered to this person, the newest first: by `userId`, and to their address once it is verified. Offers by people they block are left out. Each person sees their own only: it is empty for anyone else.',
      select: { id: true },
      resolve: ({ id }, args, context, info) => {
        const { db, viewer } = context;
        const where = offeredTo(viewer);
        const { where: within, orderBy, take, ...paged } = page(args, NEWEST_FIRST);
        return ownList(
          context,
          info,
          id,
          { where: within, orderBy, take, ...paged },
          {
            rows: (selection) =>
              db.shareOffer.findMany({ ...selection, where: { AND: [where, within] }, orderBy, take }),
            count: () => db.shareOffer.count({ where }),
          },
        );
      },
    },
    { description: 'A page of the shares that are offered to a person.' },
    { description: 'A share offer at its place of the list.' },
  ),
);

builder.queryField('shareOffer', (t) =>
  t.prismaField({
    type: ShareOffer,
    description:
      'The offer of a link, for any person who has the link; NOT_FOUND where it was answered, renewed, withdrawn or has expired.',
    args: {
      secret: t.arg.string({ required: true, description: 'The secret of the link that `shareTask` gave.' }),
    },
    resolve: async (query, _root, { secret }, { db, viewer }) => {
      const where = answerable(viewer, { secret });
      const offer = await db.shareOffer.findFirst({ ...query, where, relationLoadStrategy: 'join' });
      if (!offer) throw new NotFound('share offer');
      return offer;
    },
  }),
);
