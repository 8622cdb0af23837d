import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type {
  WebhookDeliveryCause as Cause,
  WebhookDeliveryStatus as Status,
  WebhookDisabledReason as Reason,
} from '../prisma/generated/client/client.ts';
import type { LoggedKind } from '../server/log/catalogue.ts';
import { encodeCursor } from '../server/log/cursor.ts';
import { NotFound } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { can, visible, type Viewer } from '../server/policy.ts';
import { positionsBefore, positionsOf } from '../server/sql/webhook-position.ts';
import type { Context } from '../server/graphql/context.ts';
import { builder } from './machinery/builder.ts';
import { bigNumber, page } from './machinery/connection.ts';
import { batched } from './machinery/loaders.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { EventKind } from './event.ts';
import { Team } from './team.ts';

const WebhookDisabledReason = builder.enumType('WebhookDisabledReason', {
  description: 'Why a webhook is disabled.',
  values: {
    BY_PERSON: { description: 'A person disabled it.' },
    FAILING: { description: 'Every attempt failed for 24 hours.' },
    GONE: { description: 'The receiver responded with HTTP 410.' },
    NO_ACCESS: { description: 'The person who sets it up can no longer manage the team.' },
    SECRET_LOST: {
      description: 'The server’s AUTH_SECRET changed. Rotate the secret, then enable the webhook.',
    },
  } satisfies Record<Reason, object>,
});

const WebhookDeliveryStatus = builder.enumType('WebhookDeliveryStatus', {
  description: 'State of a delivery.',
  values: {
    PENDING: { description: 'It will be sent, or sent again.' },
    DELIVERED: { description: 'The receiver responded with HTTP 2xx.' },
    FAILED: { description: 'It was given up after 24 hours, or after HTTP 410.' },
  } satisfies Record<Status, object>,
});

const WebhookDeliveryCause = builder.enumType('WebhookDeliveryCause', {
  description: 'Why something is sent.',
  values: {
    EVENT: { description: 'An event, also by `replayWebhook`.' },
    REDELIVERY: { description: 'Requested with `redeliverWebhook`.' },
    TEST: { description: 'Requested with `testWebhook`.' },
  } satisfies Record<Cause, object>,
});

export const WebhookDelivery = builder.prismaNode('WebhookDelivery', {
  description:
    'An event that was or will be sent to a webhook. Kept for 30 days, and at most 10,000 per webhook. The content is not kept.',
  id: { field: 'id', description: 'Starts with `delivery_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.webhookDelivery(viewer) }),
  select: { id: true },
  fields: (t) => ({
    status: t.expose('status', { type: WebhookDeliveryStatus, description: 'Current state.' }),
    cause: t.expose('cause', { type: WebhookDeliveryCause, description: 'Why it is sent.' }),
    kind: t.field({
      type: EventKind,
      nullable: true,
      description: 'Kind of the event. Null for a test.',
      select: { kind: true },
      resolve: ({ kind }) => kind as LoggedKind | null,
    }),
    attempts: t.exposeInt('attempts', { description: 'Number of attempts so far.' }),
    responseStatus: t.exposeInt('responseStatus', {
      nullable: true,
      description: 'HTTP status of the last attempt. Null without a response.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'Why the last attempt failed, if the HTTP status does not tell. At most 300 characters.',
    }),
    duration: t.exposeInt('duration', {
      nullable: true,
      description: 'Duration of the last attempt in milliseconds. Null before the first one.',
    }),
    replayCursor: t.string({
      nullable: true,
      description:
        'Log cursor before the event: `replayWebhook` sends it and all later events. Null for a test.',
      select: { id: true },
      resolve: ({ id }, _args, context, info) => cursorOf(context, info, id, positionsBefore),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was queued.' }),
    attemptedAt: t.expose('attemptedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time of the last attempt. Null before the first one.',
    }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is sent next, or later. Null if it is not sent again.',
    }),
  }),
});

export const Webhook = builder.prismaNode('Webhook', {
  description:
    'A URL that receives events as signed HTTP requests. Personal webhooks are visible to their owner, those of a team to its owner and admins.',
  id: { field: 'id', description: 'Starts with `webhook_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.webhook(viewer) }),
  select: { id: true },
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Where events are sent. At most 2,000 characters.' }),
    description: t.exposeString('description', { description: 'Up to 200 characters.' }),
    team: t.relation('team', {
      type: Team,
      nullable: true,
      description: 'The team whose events are sent. Null for a personal webhook.',
    }),
    person: t.string({
      description:
        'Name of the person whose view of the events is sent: the owner, or the team admin who last changed it.',
      select: { user: { select: { name: true } } },
      resolve: ({ user }) => user.name,
    }),
    kinds: t.field({
      type: [EventKind],
      description: 'Kinds of events that are sent. Empty for all.',
      select: { kinds: true },
      resolve: ({ kinds }) => kinds as LoggedKind[],
    }),
    taskFilter: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The `TaskFilter` that the event’s task must match when it is sent. Null if events are sent regardless of their task.',
      select: { taskFilter: true },
      resolve: ({ taskFilter }) => taskFilter,
    }),
    enabled: t.boolean({
      description: 'Whether events are sent.',
      select: { disabledReason: true },
      resolve: ({ disabledReason }) => disabledReason === null,
    }),
    disabledReason: t.expose('disabledReason', {
      type: WebhookDisabledReason,
      nullable: true,
      description: 'Why it is disabled. Null if it is enabled.',
    }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was disabled. Null if it is enabled.',
    }),
    lastDeliveredAt: t.expose('lastDeliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time of the last successful delivery. Null if there is none.',
    }),
    previousSecretUntil: t.expose('previousSecretUntil', {
      type: 'DateTime',
      nullable: true,
      description:
        'Until when deliveries are also signed with the previous secret. Null if it was never rotated.',
    }),
    position: t.string({
      nullable: true,
      description:
        'Log cursor up to which all events are sent. `replayWebhook` accepts it. Null if nothing is in the log before it.',
      select: { id: true },
      resolve: ({ id }, _args, context, info) => cursorOf(context, info, id, positionsOf),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    deliveries: pagedRelation(t, 'deliveries', {
      type: WebhookDelivery,
      description: 'Deliveries, newest first.',
      where: (_args, { viewer }) => visible.webhookDelivery(viewer),
      order: () => [{ field: 'place', value: bigNumber, unique: true, direction: 'desc' }],
      page: 'A page of deliveries.',
      edge: 'An edge in a page of deliveries.',
    }),
  }),
});

/** In one statement for all objects of a list. */
async function cursorOf(
  context: Context,
  info: GraphQLResolveInfo,
  id: string,
  positions: typeof positionsOf,
): Promise<string | null> {
  const { db } = context;
  const position = await batched(context, info, id, (ids) => positions(db, ids));
  return position ? encodeCursor(db, position) : null;
}

const WebhookScope = builder.inputType('WebhookScope', {
  description: 'Whose webhooks to list.',
  fields: (t) => ({
    teamId: t.id({
      description: 'A team that the viewer manages; otherwise NOT_FOUND. Default: the viewer’s own webhooks.',
    }),
  }),
});

/** @throws NotFound for a team that the viewer does not manage. */
function ofScope(viewer: Viewer, teamId: string | null | undefined) {
  if (teamId == null) return { userId: viewer.ownId, teamId: null };
  const id = uuidOf('Team', teamId, 'scope.teamId');
  if (!can(viewer, 'team.manageWebhooks', { id })) throw new NotFound('team', id);
  return { teamId: id };
}

builder.queryField('webhooks', (t) =>
  t.connection(
    {
      type: Webhook,
      description: 'The viewer’s webhooks, or those of a team, oldest first.',
      args: { scope: t.arg({ type: WebhookScope, description: 'Default: the viewer’s own webhooks.' }) },
      resolve: async (_root, { scope, ...args }, context, info) => {
        const { db, viewer } = context;
        const mine = ofScope(viewer, scope?.teamId);
        const webhooks = page(args, []);
        const selection = webhooks.withCursor(
          queryFromInfo({ context, info, paths: [['nodes'], ['edges', 'node']] }),
        );
        const rows = await db.webhook.findMany({
          ...selection,
          relationLoadStrategy: 'join',
          where: { AND: [mine, webhooks.where] },
          orderBy: webhooks.orderBy,
          take: webhooks.take,
        });
        return { ...webhooks.connection(rows), totalCount: () => db.webhook.count({ where: mine }) };
      },
    },
    { description: 'A page of webhooks.' },
    { description: 'An edge in a page of webhooks.' },
  ),
);
