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
    'An offer to share a task with a person who is in no team with the sender. It gives no access; the receiver sees only these fields. It disappears once it is answered, withdrawn or expired.',
  id: { field: 'id', description: 'Starts with `offer_`. The accepted share has its own id.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.shareOffer(viewer) }),
  select: { id: true },
  fields: (t) => ({
    taskTitle: t.exposeString('title', {
      description: 'Title of the task when the offer was made or last renewed.',
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'The task. Null for viewers who may not share it, such as the receiver.',
      select: (_args, _context, nested) => ({ task: nested({ select: placement }) }),
      resolve: ({ task }, _args, { viewer }) => (can(viewer, 'task.share', task) ? task : null),
    }),
    offeredByName: t.string({
      description: 'Name of the person who created or last renewed the offer.',
      select: { offeredBy: { select: { name: true } } },
      resolve: ({ offeredBy }) => offeredBy.name,
    }),
    receiver: t.string({
      nullable: true,
      description:
        'The email address or name that the sender entered. Null for viewers who may not share the task.',
      select: { email: true, user: { select: { name: true } }, task: { select: placement } },
      resolve: ({ email, user, task }, _args, { viewer }) =>
        can(viewer, 'task.share', task) ? (email ?? user?.name) : null,
    }),
    permission: t.expose('permission', {
      type: Permission,
      description: 'Permission of the share, once accepted.',
    }),
    shareExpiresAt: t.expose('shareExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the share will expire. Null: it will last until it is revoked.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `When the offer expires: ${OFFERED_FOR_DAYS} days after it was created or renewed, or earlier if the share expires earlier.`,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When the offer was created or last renewed.',
    }),
  }),
});

const NEWEST_FIRST: readonly OrderBy<'id'>[] = [
  { field: 'id', value: z.uuid(), unique: true, direction: 'desc' },
];

builder.prismaObjectField(Task, 'shareOffers', (t) =>
  pagedRelation(t, 'offers', {
    type: ShareOffer,
    description: 'Open offers to share the task, newest first. Empty for viewers who may not share it.',
    where: (_args, { viewer }) => ({ expiresAt: { gt: new Date() }, task: sharableBy(viewer) }),
    order: () => NEWEST_FIRST,
    page: 'A page of share offers.',
    edge: 'An edge in a page of share offers.',
  }),
);

builder.prismaObjectField(User, 'shareOffers', (t) =>
  t.connection(
    {
      type: ShareOffer,
      description:
        'Open share offers to this person, newest first: by `userId`, or to their verified email address. Offers from blocked people are left out. Empty for other viewers.',
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
    { description: 'A page of share offers to a person.' },
    { description: 'An edge in a page of share offers.' },
  ),
);

builder.queryField('shareOffer', (t) =>
  t.prismaField({
    type: ShareOffer,
    description:
      'The offer that belongs to a link. Any signed-in person with the link can read it. Fails with NOT_FOUND if the offer was answered, renewed, withdrawn or has expired.',
    args: {
      secret: t.arg.string({ required: true, description: 'Secret of the link returned by `shareTask`.' }),
    },
    resolve: async (query, _root, { secret }, { db, viewer }) => {
      const where = answerable(viewer, { secret });
      const offer = await db.shareOffer.findFirst({ ...query, where, relationLoadStrategy: 'join' });
      if (!offer) throw new NotFound('share offer');
      return offer;
    },
  }),
);
