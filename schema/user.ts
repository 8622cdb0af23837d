import type { GraphQLResolveInfo } from 'graphql';
import { updateUser } from '../server/domain/user.ts';
import { visible } from '../server/policy.ts';
import { batched } from './machinery/loaders.ts';
import { builder } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';

export const User = builder.prismaNode('User', {
  description: 'A person with an account.',
  id: { field: 'id', description: 'Starts with `user_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.user(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What others call them.' }),
    email: t.string({
      nullable: true,
      description:
        'The address they sign in with, in lower case. Null unless it is the viewer’s own or they are in a team with the viewer; administrators see it of everyone.',
      select: { id: true, email: true },
      resolve: ({ id, email }, _args, context, info) =>
        id === context.viewer.userId ? email : emailOf(context, info, id),
    }),
    timezone: t.exposeString('timezone', {
      description: 'IANA name; decides when their day and week begin, as in `Europe/Berlin`.',
    }),
    isAdmin: t.boolean({
      nullable: true,
      description: 'Whether the viewer is an administrator (ADMIN_EMAILS); null of anybody else.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => (id === viewer.userId ? viewer.isAdmin : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they signed up.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When their profile last changed.' }),
  }),
});

/** The address of another person, read together with those of their siblings in the answer. */
async function emailOf(
  context: Context,
  info: GraphQLResolveInfo,
  userId: string,
): Promise<string | undefined> {
  return batched(context, info, userId, async (ids) => {
    const { db, viewer } = context;
    const where = { id: { in: [...ids] }, AND: visible.email(viewer) };
    const people = await db.user.findMany({ where, select: { id: true, email: true } });
    return new Map(people.map(({ id, email }) => [id, email]));
  });
}

builder.queryField('viewer', (t) =>
  t.prismaField({
    type: User,
    description: 'The person whom the credential stands for.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.user.findUniqueOrThrow({ ...query, where: { id: viewer.userId } }),
  }),
);

builder.relayMutationField(
  'updateViewer',
  {
    description: 'New values for the viewer’s profile. What is left out stays as it is.',
    inputFields: (t) => ({
      name: t.string({ description: '1 to 100 characters.' }),
      timezone: t.string({ description: 'IANA name, as in `Europe/Berlin`.' }),
    }),
  },
  {
    description: 'Changes the viewer’s own profile.',
    resolve: (_root, { input }, { db, person }) => updateUser(db, person, input),
  },
  {
    description: 'The viewer after the change.',
    outputFields: (t) => ({
      viewer: t.prismaField({
        type: User,
        description: 'The changed person.',
        resolve: (query, _change, _args, { db, viewer }) =>
          db.user.findUniqueOrThrow({ ...query, where: { id: viewer.userId } }),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
