import { execute, parse, type GraphQLSchema } from 'graphql';
import type { Event } from '../../prisma/generated/client/client.ts';
import type { Context } from '../graphql/context.ts';
import { publicId } from '../ids.ts';

/** The content of a delivery, before it is written as JSON. */
export interface Payload {
  id: string;
  type: string;
  [field: string]: unknown;
}

/** Limits what is sent; the fields below have limits of their own. */
export const MOST_BYTES = 64 * 1024;

const EVENT = parse(`subscription Webhook {
  events {
    event {
      id
      type: kind
      cursor
      at
      actor { id name }
      through { kind name run isApproved }
      person { id name }
      team { id name slug }
      task { id title status priority dueOn version assignee { id name } team { id } }
      subject { __typename id }
      changes { field before after }
      refusal { code operation times }
    }
  }
}`);

/** The event as the API shows it to the person of the context. @throws the API's error. */
export async function payloadOf(
  schema: GraphQLSchema,
  contextValue: Context,
  event: Event,
): Promise<Payload> {
  const { events } = await run<{ events: { event: Payload } }>({
    schema,
    document: EVENT,
    contextValue,
    rootValue: { cursor: '', event },
  });
  return events.event;
}

const MATCHES = parse(
  `query WebhookFilter($filter: TaskFilter!) { tasks(first: 1, filter: $filter) { nodes { id } } }`,
);

/** Whether the task matches a filter now, for the person of the context. */
export async function matchesFilter(
  schema: GraphQLSchema,
  contextValue: Context,
  taskId: string,
  filter: unknown,
): Promise<boolean> {
  const named = { and: [{ id: { eq: publicId('Task', taskId) } }, filter] };
  const variableValues = { filter: named };
  const { tasks } = await run<{ tasks: { nodes: unknown[] } }>({
    schema,
    document: MATCHES,
    contextValue,
    variableValues,
  });
  return tasks.nodes.length > 0;
}

export function testPayload(deliveryId: string, webhookId: string, at: Date): Payload {
  return {
    id: publicId('WebhookDelivery', deliveryId),
    type: 'TEST',
    cursor: null,
    at: at.toISOString(),
    webhook: { id: publicId('Webhook', webhookId) },
  };
}

async function run<Data>(args: Parameters<typeof execute>[0]): Promise<Data> {
  const { data, errors } = await execute(args);
  if (errors?.[0]) throw errors[0];
  return data as Data;
}
