import type { ApiTokenScope as Scope } from '../prisma/generated/client/client.ts';
import { createApiToken, revokeApiToken } from '../server/domain/api-token.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { User } from './user.ts';

export const ApiTokenScope = builder.enumType('ApiTokenScope', {
  description: 'Permission of a token, within the rights of its owner.',
  values: {
    READ: { description: 'All queries.' },
    WRITE: {
      description:
        'All queries and mutations, except those that need a session: signing out, creating or revoking tokens, connecting or disconnecting applications, and managing sessions and the password.',
    },
  } satisfies Record<Scope, object>,
});

export const ApiToken = builder.prismaNode('ApiToken', {
  description:
    'A credential for a program, sent as `Authorization: Bearer twp_…`. The token itself is shown only once, when it is created.',
  id: { field: 'id', description: 'Starts with `token_`. This is not the token itself.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.apiToken(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name given by the owner, 1 to 100 characters.' }),
    scopes: t.expose('scopes', {
      type: [ApiTokenScope],
      description: 'Either READ, or READ and WRITE.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the token expires. Null: it is valid until it is revoked.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the token was last used, to the minute. Null if never used. The first use in each clock hour creates an API_TOKEN_USED event.',
    }),
    mayDeleteUntil: t.expose('mayDeleteUntil', {
      type: 'DateTime',
      nullable: true,
      description:
        'Until when it can delete tasks without an approval, through MCP. Null: each deletion needs one.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
  }),
});

builder.prismaObjectField(User, 'apiTokens', (t) =>
  pagedRelation(t, 'apiTokens', {
    type: ApiToken,
    description: 'The viewer’s API tokens, including expired ones, oldest first. Empty for other people.',
    where: (_args, { viewer }) => visible.apiToken(viewer),
    order: () => [],
    page: 'A page of API tokens.',
    edge: 'An edge in a page of API tokens.',
  }),
);

builder.relayMutationField(
  'createApiToken',
  {
    description: 'Properties of the new API token.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: '1 to 100 characters.' }),
      scopes: t.field({
        type: [ApiTokenScope],
        required: true,
        description: 'At least one scope. WRITE includes READ.',
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When the token expires. Without it, the token is valid until it is revoked.',
      }),
    }),
  },
  {
    description:
      'Creates an API token for the viewer. Fails with CONFLICT if they have 100 tokens. Requires a session: with an API token it fails with FORBIDDEN.',
    resolve: (_root, { input }, { db, person }) => createApiToken(db, person, input),
  },
  {
    description: 'The new API token.',
    outputFields: (t) => ({
      apiToken: t.prismaField({
        type: ApiToken,
        description: 'The API token, without its secret.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.apiToken(viewer) };
          const token = await db.apiToken.findFirst({ ...query, where });
          if (!token) throw new NotFound('token');
          return token;
        },
      }),
      token: t.exposeString('token', {
        description:
          'The token itself. Only this response contains it; the server stores only its SHA-256 hash.',
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

builder.relayMutationField(
  'revokeApiToken',
  {
    description: 'Identifies the token to revoke.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'For example `token_01jd…`.' }) }),
  },
  {
    description:
      'Revokes a token permanently. Other server processes may accept it for up to 5 seconds. Idempotent. With an API token it fails with FORBIDDEN.',
    resolve: async (_root, { input }, { db, person, authServices }) => {
      const revoked = await revokeApiToken(db, person, input);
      authServices.credentials.forget(revoked.id);
      return revoked;
    },
  },
  {
    description: 'The result of revoking a token.',
    outputFields: (t) => ({
      revokedApiTokenId: t.id({
        description: 'Id of the token, which no longer exists.',
        resolve: ({ id }) => publicId('ApiToken', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
