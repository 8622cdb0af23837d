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
    name: t.exposeString('name', { description: 'Display name.' }),
    email: t.string({
      nullable: true,
      description:
        'Sign-in address, in lower case. Null unless it is the viewer’s own or the person is in a team with the viewer. Administrators see every address.',
      select: { id: true, email: true },
      resolve: ({ id, email }, _args, context, info) =>
        id === context.viewer.ownId ? email : emailOf(context, info, id),
    }),
    timezone: t.exposeString('timezone', {
      description:
        'IANA time zone, such as `Europe/Berlin`. Determines when the person’s days and weeks start.',
    }),
    locale: t.string({
      nullable: true,
      description:
        'The language of the page, as a BCP 47 tag: `en` or `de`. Null follows the browser. Null for other people.',
      select: { id: true, locale: true },
      resolve: ({ id, locale }, _args, { viewer }) => (id === viewer.ownId ? locale : null),
    }),
    isAdmin: t.boolean({
      nullable: true,
      description: 'Whether the viewer is an administrator (ADMIN_EMAILS). Null for other people.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => (id === viewer.ownId ? viewer.isAdmin : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When the profile last changed.' }),
  }),
});

/** The address of another person, batched with the other addresses of the response. */
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
    description: 'The signed-in person.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.user.findFirstOrThrow({ ...query, where: { id: viewer.actorId } }),
  }),
);

builder.relayMutationField(
  'updateViewer',
  {
    description: 'New values for the viewer’s profile. Omitted fields do not change.',
    inputFields: (t) => ({
      name: t.string({ description: '1 to 100 characters.' }),
      timezone: t.string({ description: 'IANA time zone, such as `Europe/Berlin`.' }),
      locale: t.string({
        description: 'Language of the page: `en` or `de`. Null clears it: the page then follows the browser.',
      }),
    }),
  },
  {
    description: 'Changes the viewer’s profile.',
    resolve: (_root, { input }, { db, person }) => updateUser(db, person, input),
  },
  {
    description: 'The viewer after the change.',
    outputFields: (t) => ({
      viewer: t.prismaField({
        type: User,
        description: 'The viewer after the change.',
        resolve: (query, _change, _args, { db, viewer }) =>
          db.user.findFirstOrThrow({ ...query, where: { id: viewer.actorId } }),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
