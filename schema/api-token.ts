import type { ApiTokenScope as Scope } from '../prisma/generated/client/client.ts';
import { createApiToken, revokeApiToken } from '../server/domain/api-token.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { User } from './user.ts';

const ApiTokenScope = builder.enumType('ApiTokenScope', {
  description: 'What a token allows of that which its owner may do.',
  values: {
    READ: { description: 'Every query.' },
    WRITE: {
      description: 'Every query and mutation, except signing out, and making and revoking tokens.',
    },
  } satisfies Record<Scope, object>,
});

const ApiToken = builder.prismaNode('ApiToken', {
  description:
    'A credential for a program: `Authorization: Bearer twp_…`. The token itself is shown once, when it is made.',
  id: { field: 'id', description: 'Starts with `token_`. It is not the token.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.apiToken(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What its owner knows it by; 1 to 100 characters.' }),
    scopes: t.expose('scopes', {
      type: [ApiTokenScope],
      description: 'What it allows: READ, or READ and WRITE.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it runs out by itself; null when it lasts until it is revoked.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it was last used, to the minute; null when it never was. Each hour of the clock in which it is used has one event API_TOKEN_USED.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

builder.prismaObjectField(User, 'apiTokens', (t) =>
  pagedRelation(t, 'apiTokens', {
    type: ApiToken,
    description:
      'The viewer’s own tokens, those that have run out included, the first made first. Other people’s are not to be seen: their lists are empty.',
    where: (_args, { viewer }) => visible.apiToken(viewer),
    order: () => [],
    page: 'A page of API tokens.',
    edge: 'An API token at its place of the list.',
  }),
);

builder.relayMutationField(
  'createApiToken',
  {
    description: 'A new API token.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: '1 to 100 characters.' }),
      scopes: t.field({
        type: [ApiTokenScope],
        required: true,
        description: 'What it is to allow, at least one; WRITE comes with READ.',
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it is to run out; it lasts until it is revoked when left out.',
      }),
    }),
  },
  {
    description:
      'Makes a token that stands for the viewer; CONFLICT where they have 100. It takes a session: with an API token it is FORBIDDEN.',
    resolve: (_root, { input }, { db, person }) => createApiToken(db, person, input),
  },
  {
    description: 'The new API token.',
    outputFields: (t) => ({
      apiToken: t.prismaField({
        type: ApiToken,
        description: 'What is kept of it.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.apiToken(viewer) };
          const token = await db.apiToken.findUnique({ ...query, where });
          if (!token) throw new NotFound('token');
          return token;
        },
      }),
      token: t.exposeString('token', {
        description: 'The token itself. It is shown this once; only its SHA-256 is kept.',
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

builder.relayMutationField(
  'revokeApiToken',
  {
    description: 'Which API token ends.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Like `token_01jd…`.' }) }),
  },
  {
    description:
      'Ends a token for good; another process of the server may take 5 seconds to know. Revoking it again is harmless; with an API token it is FORBIDDEN.',
    resolve: async (_root, { input }, { db, person, authServices }) => {
      const revoked = await revokeApiToken(db, person, input);
      authServices.credentials.forget(revoked.id);
      return revoked;
    },
  },
  {
    description: 'What is left of a revoked token.',
    outputFields: (t) => ({
      revokedApiTokenId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('ApiToken', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
