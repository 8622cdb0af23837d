import type { Change } from '../server/domain/change.ts';
import { blockPerson, unblockPerson } from '../server/domain/block.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { User } from './user.ts';

const Block = builder.prismaNode('Block', {
  description: 'A person blocked by the viewer. Visible only to the viewer.',
  id: { field: 'id', description: 'Starts with `block_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.block(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.string({
      description: 'Name of the blocked person.',
      select: { blocked: { select: { name: true } } },
      resolve: ({ blocked }) => blocked.name,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the person was blocked.' }),
  }),
});

builder.prismaObjectField(User, 'blockedPeople', (t) =>
  pagedRelation(t, 'blocksMade', {
    type: Block,
    description: 'People blocked by this person, oldest block first. Empty for other viewers.',
    where: (_args, { viewer }) => visible.block(viewer),
    order: () => [],
    page: 'A page of blocked people.',
    edge: 'An edge in a page of blocked people.',
  }),
);

builder.relayMutationField(
  'blockPerson',
  {
    description: 'The person to block. Specify exactly one field.',
    inputFields: (t) => ({
      userId: t.id({ description: 'A person the viewer can see.' }),
      offerId: t.id({ description: 'The person who made this offer; see `User.shareOffers`.' }),
      secret: t.string({ description: 'The person who made the offer with this link; see `shareOffer`.' }),
    }),
  },
  {
    description:
      'Blocks a person: hides their current and future share offers. The person is not notified, and their requests get the same responses as before. Accepted shares remain; end them with `revokeShare`. If both are members of a team, the person can still share tasks with the viewer. Idempotent.',
    resolve: (_root, { input }, { db, person }) => blockPerson(db, person, input),
  },
  {
    description: 'The new block.',
    outputFields: (t: PayloadFields<Change>) => ({
      block: t.prismaField({
        type: Block,
        description: 'The new or existing block.',
        resolve: (query, { id }, _args, { db, viewer }) =>
          db.block.findFirstOrThrow({ ...query, where: { id, AND: visible.block(viewer) } }),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

builder.relayMutationField(
  'unblockPerson',
  {
    description: 'Identifies the block to remove.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Block id, from `User.blockedPeople`.' }),
    }),
  },
  {
    description: 'Unblocks a person. Their offers that are still open become visible again. Idempotent.',
    resolve: (_root, { input }, { db, person }) => unblockPerson(db, person, input),
  },
  {
    description: 'The result of removing a block.',
    outputFields: (t) => ({
      endedBlockId: t.id({
        description: 'Id of the block, which no longer exists.',
        resolve: ({ id }) => publicId('Block', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
