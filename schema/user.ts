import { updateUser } from '../server/domain/user.ts';
import { visible } from '../server/policy.ts';
import { builder } from './builder.ts';

export const User = builder.prismaNode('User', {
  description: 'A person with an account.',
  id: { field: 'id', description: 'Starts with `user_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.user(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What others call them.' }),
    email: t.exposeString('email', { description: 'The address they sign in with, in lower case.' }),
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
