import type { Change } from '../server/domain/change.ts';
import { redeliverWebhook, replayWebhook, testWebhook } from '../server/domain/webhook-delivery.ts';
import {
  createWebhook,
  deleteWebhook,
  MOST_WEBHOOKS,
  rotateWebhookSecret,
  updateWebhook,
  type NewWebhook,
} from '../server/domain/webhook.ts';
import {
  getNullableType,
  isInputObjectType,
  isListType,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { publicId } from '../server/ids.ts';
import { viewerOf } from '../server/sql/viewer.ts';
import { visible } from '../server/policy.ts';
import type { Context } from '../server/graphql/context.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { EventKind } from './event.ts';
import { matchingTasks, TaskFilter } from './task-filter.ts';
import { Webhook, WebhookDelivery } from './webhook.ts';

const NO_TOKENS = 'With an API token it fails with FORBIDDEN.';
const URL = 'Starts with `https://`; `http://` and private addresses only if the operator allows them.';
const KINDS = 'Kinds of events to send. Empty for all.';
const FILTER =
  'Send only events of tasks that match this filter when they are sent. Events of deleted tasks are always sent, events without a task never.';
const CURSOR = 'Log cursor after this change.';
const ID = 'For example `webhook_01jd…`.';

const servicesOf = ({ db, webhooks }: Context) => ({ db, ...webhooks });

/** The filter as a client writes it, since it is applied to later events. @throws ValidationFailed */
async function filterJson(
  { db, person }: Context,
  schema: GraphQLSchema,
  filter: typeof TaskFilter.$inferInput | null | undefined,
): Promise<object | null | undefined> {
  if (filter == null) return filter;
  matchingTasks(await viewerOf(db, person), filter);
  const type = schema.getType('TaskFilter');
  if (!isInputObjectType(type)) throw new TypeError('TaskFilter is an input type');
  return asJson(filter, type) as object;
}

function asJson(value: unknown, type: GraphQLInputType): unknown {
  const named = getNullableType(type);
  if (value == null) return null;
  if (isListType(named)) return (value as unknown[]).map((each) => asJson(each, named.ofType));
  if (!isInputObjectType(named)) return named.coerceOutputValue(value);
  const fields = named.getFields();
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, given]) =>
      fields[name] ? [[name, asJson(given, fields[name].type)]] : [],
    ),
  );
}

const webhookField = (t: PayloadFields<Change>) =>
  t.prismaField({
    type: Webhook,
    description: 'The current state of the webhook.',
    resolve: (query, { id }, _args, { db, viewer }) =>
      db.webhook.findFirstOrThrow({ ...query, where: { id, AND: visible.webhook(viewer) } }),
  });

builder.relayMutationField(
  'createWebhook',
  {
    description: 'Properties of the new webhook.',
    inputFields: (t) => ({
      teamId: t.id({
        description:
          'Sends the events of this team. Without it, the events that the viewer can see in `activity`.',
      }),
      url: t.string({ required: true, description: URL }),
      description: t.string({ description: 'Up to 200 characters.' }),
      kinds: t.field({ type: [EventKind], description: KINDS }),
      taskFilter: t.field({ type: TaskFilter, description: FILTER }),
    }),
  },
  {
    description: `Creates a webhook, which sends the events after this one. Fails with CONFLICT if the viewer or the team has ${MOST_WEBHOOKS}. ${NO_TOKENS}`,
    resolve: async (_root, { input }, context, { schema }) => {
      const taskFilter = await filterJson(context, schema, input.taskFilter);
      return createWebhook(servicesOf(context), context.person, { ...input, taskFilter });
    },
  },
  {
    description: 'The new webhook.',
    outputFields: (t: PayloadFields<NewWebhook>) => ({
      webhook: webhookField(t),
      secret: t.exposeString('secret', {
        description:
          'The secret that deliveries are signed with, `whsec_…` (Standard Webhooks). Only this response contains it.',
      }),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);

builder.relayMutationField(
  'updateWebhook',
  {
    description: 'The changed fields. Omitted fields do not change.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: ID }),
      url: t.string({ description: URL }),
      description: t.string({ description: 'Up to 200 characters.' }),
      kinds: t.field({ type: [EventKind], description: KINDS }),
      taskFilter: t.field({ type: TaskFilter, description: `${FILTER} Null removes the filter.` }),
      enabled: t.boolean({ description: 'Whether events are sent.' }),
      resume: t.boolean({
        description:
          'With `enabled: true`: also send the events since the webhook was disabled. Default: only events from now on.',
      }),
    }),
  },
  {
    description: `Changes, enables or disables a webhook. A team’s webhook then sends what the viewer can see. ${NO_TOKENS}`,
    resolve: async (_root, { input }, context, { schema }) => {
      const taskFilter = await filterJson(context, schema, input.taskFilter);
      return updateWebhook(servicesOf(context), context.person, { ...input, taskFilter });
    },
  },
  {
    description: 'The changed webhook.',
    outputFields: (t: PayloadFields<Change>) => ({
      webhook: webhookField(t),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);

builder.relayMutationField(
  'deleteWebhook',
  {
    description: 'Identifies the webhook to delete.',
    inputFields: (t) => ({ id: t.id({ required: true, description: ID }) }),
  },
  {
    description: `Deletes a webhook with its deliveries. Idempotent. ${NO_TOKENS}`,
    resolve: (_root, { input }, context) => deleteWebhook(servicesOf(context), context.person, input),
  },
  {
    description: 'The result of deleting a webhook.',
    outputFields: (t: PayloadFields<Change>) => ({
      deletedWebhookId: t.id({
        description: 'Id of the webhook, which no longer exists.',
        resolve: ({ id }) => publicId('Webhook', id),
      }),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);

builder.relayMutationField(
  'rotateWebhookSecret',
  {
    description: 'Identifies the webhook.',
    inputFields: (t) => ({ id: t.id({ required: true, description: ID }) }),
  },
  {
    description: `Creates a new secret. For 24 hours, deliveries have a signature of each secret. ${NO_TOKENS}`,
    resolve: (_root, { input }, context) => rotateWebhookSecret(servicesOf(context), context.person, input),
  },
  {
    description: 'The new secret.',
    outputFields: (t: PayloadFields<NewWebhook>) => ({
      webhook: webhookField(t),
      secret: t.exposeString('secret', { description: 'The new secret. Only this response contains it.' }),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);

const deliveryField = (t: PayloadFields<Change>) =>
  t.prismaField({
    type: WebhookDelivery,
    description: 'The new delivery.',
    resolve: (query, { id }, _args, { db, viewer }) =>
      db.webhookDelivery.findFirstOrThrow({ ...query, where: { id, AND: visible.webhookDelivery(viewer) } }),
  });

builder.relayMutationField(
  'redeliverWebhook',
  {
    description: 'Identifies the delivery to repeat.',
    inputFields: (t) => ({
      deliveryId: t.id({ required: true, description: 'For example `delivery_01jd…`.' }),
    }),
  },
  {
    description:
      'Sends the event of a delivery again, with the same `webhook-id`, without waiting for other deliveries. Fails with CONFLICT if the webhook is disabled.',
    resolve: (_root, { input }, { db, person }) => redeliverWebhook(db, person, input),
  },
  {
    description: 'The new delivery.',
    outputFields: (t: PayloadFields<Change>) => ({
      delivery: deliveryField(t),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);

builder.relayMutationField(
  'replayWebhook',
  {
    description: 'What to send again.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: ID }),
      after: t.string({ required: true, description: 'Log cursor. Events after it are sent.' }),
    }),
  },
  {
    description:
      'Sends all events after a log cursor again, in log order and as the viewer can see them now, and then continues. Fails with CURSOR_EXPIRED if they are no longer kept, with CONFLICT if the webhook is disabled.',
    resolve: (_root, { input }, { db, person }) => replayWebhook(db, person, input),
  },
  {
    description: 'The webhook, which sends the events from the cursor on.',
    outputFields: (t: PayloadFields<Change>) => ({
      webhook: webhookField(t),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);

builder.relayMutationField(
  'testWebhook',
  {
    description: 'Identifies the webhook.',
    inputFields: (t) => ({ id: t.id({ required: true, description: ID }) }),
  },
  {
    description: 'Sends a message of type `TEST`. Fails with CONFLICT if the webhook is disabled.',
    resolve: (_root, { input }, { db, person }) => testWebhook(db, person, input),
  },
  {
    description: 'The new delivery.',
    outputFields: (t: PayloadFields<Change>) => ({
      delivery: deliveryField(t),
      cursor: t.exposeString('cursor', { description: CURSOR }),
    }),
  },
);
