import type { OauthResource as Resource } from '../prisma/generated/client/client.ts';
import {
  CONNECTED_DAYS,
  connectApplication,
  disconnectApplication,
  FOR_SESSIONS,
} from '../server/domain/connected-application.ts';
import { MOST_TEAMS } from '../server/domain/team-limit.ts';
import { NotFound, ValidationFailed } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import {
  answerTo,
  isFault,
  readAuthorizationRequest,
  type AuthorizationRequest as Request,
  type Oauth,
} from '../server/oauth/authorization.ts';
import { isLoopback, placeOf } from '../server/oauth/redirect-uri.ts';
import { requireSession, visible } from '../server/policy.ts';
import { ApiTokenScope } from './api-token.ts';
import { builder } from './machinery/builder.ts';
import { credentialTeams, teamsOfCredential } from './machinery/credential-teams.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

const OauthResource = builder.enumType('OauthResource', {
  description: 'What the tokens of an application can be used for. They are not valid anywhere else.',
  values: {
    MCP: { description: 'The tools for agents at `/mcp` and `/mcp/readonly`.' },
    MCP_READONLY: { description: 'The tools for agents at `/mcp/readonly`.' },
    GRAPHQL: { description: 'This API, over HTTP, server-sent events and WebSockets.' },
  } satisfies Record<Resource, object>,
});

export const ConnectedApplication = builder.prismaNode('ConnectedApplication', {
  description: 'An application that a person has connected by OAuth. Its tokens are never shown.',
  id: { field: 'id', description: 'Starts with `application_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.connectedApplication(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name that the application gave itself.' }),
    host: t.string({
      nullable: true,
      description: 'Host that has the application’s metadata. Null if the application registered itself.',
      select: { clientId: true },
      resolve: ({ clientId }) => hostOf(clientId),
    }),
    redirectPlace: t.string({
      description: 'Host, or scheme of an app on a device, to which the person was sent with the access.',
      select: { redirectUri: true },
      resolve: ({ redirectUri }) => placeOf(redirectUri),
    }),
    resource: t.expose('resource', { type: OauthResource, description: 'What its tokens can be used for.' }),
    scopes: t.expose('scopes', { type: [ApiTokenScope], description: 'Either READ, or READ and WRITE.' }),
    teams: t.field({
      type: [Team],
      nullable: true,
      description: `Teams that its access is limited to, at most ${MOST_TEAMS}. Null: no limit. A team that the viewer leaves is removed; with an empty list it can do nothing.`,
      select: credentialTeams,
      resolve: (application, _args, context, info) => teamsOfCredential(application, context, info) as never,
    }),
    mayDeleteUntil: t.expose('mayDeleteUntil', {
      type: 'DateTime',
      nullable: true,
      description:
        'Until when it can delete tasks without an approval, through MCP or this API. Null: each deletion needs one.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the person connected it.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, to the minute. Null if never used.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the access ends, unless the person allows it again.',
    }),
  }),
});

function hostOf(clientId: string): string | null {
  return clientId.startsWith('https:') ? new URL(clientId).host : null;
}

builder.prismaObjectField(User, 'connectedApplications', (t) =>
  pagedRelation(t, 'connectedApplications', {
    type: ConnectedApplication,
    description:
      'The applications that the viewer has connected, oldest first; at most 100. Empty for other people.',
    where: (_args, { viewer }) => visible.connectedApplication(viewer),
    order: () => [],
    page: 'A page of connected applications.',
    edge: 'An edge in a page of connected applications.',
  }),
);

interface Shown extends Request {
  oauth: Oauth;
}

const AuthorizationRequest = builder.objectRef<Shown>('AuthorizationRequest').implement({
  description: 'What an application asks a person to allow.',
  fields: (t) => ({
    name: t.string({
      description: 'Name that the application gave itself.',
      resolve: ({ client }) => client.name,
    }),
    host: t.string({
      nullable: true,
      description:
        'Host that has the application’s metadata. Null if the application registered itself; its name is not verified then.',
      resolve: ({ client }) => client.host,
    }),
    redirectPlace: t.string({
      description: 'Host, or scheme of an app on this device, that the person is sent to with the access.',
      resolve: ({ redirectUri }) => placeOf(redirectUri),
    }),
    isOnDevice: t.boolean({
      description: 'Whether the person is sent to a program on their own device.',
      resolve: ({ redirectUri }) => isLoopback(redirectUri) || !/^https?:/.test(redirectUri),
    }),
    resource: t.field({
      type: OauthResource,
      nullable: true,
      description: 'What the access is for. Null if `fault` is set.',
      resolve: ({ asked }) => (isFault(asked) ? null : asked.resource),
    }),
    scopes: t.field({
      type: [ApiTokenScope],
      description: 'Either READ, or READ and WRITE. Empty if `fault` is set.',
      resolve: ({ asked }) => (isFault(asked) ? [] : asked.scopes),
    }),
    validDays: t.int({
      description: 'Number of days after which the access would end.',
      resolve: () => CONNECTED_DAYS,
    }),
    fault: t.string({
      nullable: true,
      description: 'Why the access cannot be allowed: the application has to change its request.',
      resolve: ({ asked }) => (isFault(asked) ? asked.description : null),
    }),
    refusalUrl: t.string({
      description: 'Where to send the person if they do not allow the access. It tells the application.',
      resolve: ({ oauth, ...request }) =>
        answerTo(
          oauth,
          request,
          isFault(request.asked)
            ? request.asked
            : { error: 'access_denied', description: 'The person did not allow the access.' },
        ),
    }),
  }),
});

const parameters = 'Query string of the authorization request (RFC 6749, section 4.1.1), without `?`.';

builder.queryField('authorizationRequest', (t) =>
  t.field({
    type: AuthorizationRequest,
    description:
      'Reads a request that an application made at `/authorize`. Fails with VALIDATION_FAILED if its client or redirect URI is wrong.',
    args: { parameters: t.arg.string({ required: true, description: parameters }) },
    resolve: async (_root, args, { authServices: { oauth }, person }) => {
      const request = await readAuthorizationRequest(oauth, person, args.parameters);
      return { ...request, oauth: oauth as Oauth };
    },
  }),
);

builder.relayMutationField(
  'connectApplication',
  {
    description: 'The request of an application.',
    inputFields: (t) => ({
      parameters: t.string({ required: true, description: parameters }),
      teamIds: t.idList({
        description: `Limits the access to these teams of the viewer, 1 to ${MOST_TEAMS}, as \`createApiToken\` does. Without it, the access has no limit.`,
      }),
    }),
  },
  {
    description:
      'Allows an application the access that it asks for, for 30 days. Fails with CONFLICT if the viewer has 100 connected applications, and with NOT_FOUND for a team that they are not in. Requires a session: with a token it fails with FORBIDDEN.',
    resolve: async (_root, { input }, { authServices: { oauth }, db, person }) => {
      requireSession(person, FOR_SESSIONS);
      const request = await readAuthorizationRequest(oauth, person, input.parameters);
      if (isFault(request.asked)) throw new ValidationFailed(request.asked.description);
      const { id, code, cursor } = await connectApplication(db, person, request.asked, {
        teamIds: input.teamIds,
      });
      return { id, cursor, redirectUrl: answerTo(oauth as Oauth, request, { code }) };
    },
  },
  {
    description: 'The connected application.',
    outputFields: (t) => ({
      connectedApplication: t.prismaField({
        type: ConnectedApplication,
        description: 'The application. It stays connected if it fetches its tokens within a minute.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.connectedApplication(viewer) };
          const found = await db.connectedApplication.findFirst({ ...query, where });
          if (!found) throw new NotFound('application');
          return found;
        },
      }),
      redirectUrl: t.exposeString('redirectUrl', {
        description:
          'Where to send the person. It contains the authorization code, which is valid for a minute.',
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

builder.relayMutationField(
  'disconnectApplication',
  {
    description: 'Identifies the application to disconnect.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'For example `application_01jd…`.' }),
    }),
  },
  {
    description:
      'Ends the access of an application, with its tokens and subscriptions. Idempotent. Requires a session: with a token it fails with FORBIDDEN.',
    resolve: async (_root, { input }, { db, person, authServices }) => {
      const disconnected = await disconnectApplication(db, person, input);
      authServices.credentials.forget(disconnected.id);
      return disconnected;
    },
  },
  {
    description: 'The result of disconnecting an application.',
    outputFields: (t) => ({
      disconnectedApplicationId: t.id({
        description: 'Id of the application, which no longer exists.',
        resolve: ({ id }) => publicId('ConnectedApplication', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
