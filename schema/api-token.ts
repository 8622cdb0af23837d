import type { ApiTokenScope as Scope } from '../prisma/generated/client/client.ts';
import { createApiToken, revokeApiToken } from '../server/domain/api-token.ts';
import { MOST_TEAMS } from '../server/domain/team-limit.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { credentialTeams, teamsOfCredential } from './machinery/credential-teams.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Team } from './team.ts';
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
    teams: t.field({
      type: [Team],
      nullable: true,
      description: `Teams that its access is limited to, at most ${MOST_TEAMS}. Null: no limit. A team that the viewer leaves is removed; with an empty list it can do nothing.`,
      select: credentialTeams,
      resolve: (token, _args, context, info) => teamsOfCredential(token, context, info) as never,
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
      teamIds: t.idList({
        description: `Limits the token to these teams of the viewer, 1 to ${MOST_TEAMS}. It then sees and does only what lies in them, with the role of the viewer and while they are a member, and nothing personal: no own tasks, shares or conversations. Without it, the token has no limit.`,
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When the token expires. Without it, the token is valid until it is revoked.',
      }),
    }),
  },
  {
    description:
      'Creates an API token for the viewer. Fails with CONFLICT if they have 100 tokens, and with NOT_FOUND for a team that the viewer is not in. Requires a session: with an API token it fails with FORBIDDEN.',
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
