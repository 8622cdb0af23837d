import type { Change } from '../server/domain/change.ts';
import { blockPerson, unblockPerson } from '../server/domain/block.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { User } from './user.ts';

const Block = builder.prismaNode('Block', {
  description: 'A person whom the viewer blocks. Only the viewer sees it.',
  id: { field: 'id', description: 'Starts with `block_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.block(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.string({
      description: 'The name of the blocked person.',
      select: { blocked: { select: { name: true } } },
      resolve: ({ blocked }) => blocked.name,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when they are blocked.' }),
  }),
});

builder.prismaObjectField(User, 'blockedPeople', (t) =>
  pagedRelation(t, 'blocksMade', {
    type: Block,
    description:
      'People whom this person blocks, the first blocked first. Each person sees their own only: it is empty for anyone else.',
    where: (_args, { viewer }) => visible.block(viewer),
    order: () => [],
    page: 'A page of blocked people.',
    edge: 'A blocked person at their place of the list.',
  }),
);

builder.relayMutationField(
  'blockPerson',
  {
    description: 'Whom to block, by one of these.',
    inputFields: (t) => ({
      userId: t.id({ description: 'A person whom the viewer sees.' }),
      offerId: t.id({ description: 'The person who made this offer; see `User.shareOffers`.' }),
      secret: t.string({ description: 'The person who made the offer of this link; see `shareOffer`.' }),
    }),
  },
  {
    description:
      'Hides the share offers of a person, those that are open and later ones. They do not learn of it, and get the same answers as before. Shares that were accepted stay: `revokeShare` leaves them. Members of a team in common can still share with the viewer. Blocking a person again is harmless.',
    resolve: (_root, { input }, { db, person }) => blockPerson(db, person, input),
  },
  {
    description: 'The new block.',
    outputFields: (t: PayloadFields<Change>) => ({
      block: t.prismaField({
        type: Block,
        description: 'The block as it is now.',
        resolve: (query, { id }, _args, { db, viewer }) =>
          db.block.findFirstOrThrow({ ...query, where: { id, AND: visible.block(viewer) } }),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

builder.relayMutationField(
  'unblockPerson',
  {
    description: 'Which block ends.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which block; see `User.blockedPeople`.' }),
    }),
  },
  {
    description:
      'Shows the offers of a blocked person again, those that are still open too. Doing it again is harmless.',
    resolve: (_root, { input }, { db, person }) => unblockPerson(db, person, input),
  },
  {
    description: 'What is left of an ended block.',
    outputFields: (t) => ({
      endedBlockId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('Block', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
