import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { Person } from './world.ts';

export interface Received {
  headers: IncomingHttpHeaders;
  text: string;
  /** The parsed body. */
  body: { id: string; type: string; cursor: string; [field: string]: unknown };
  at: number;
}

type Answer = (response: ServerResponse, received: Received) => void;

export interface Receiver {
  url: string;
  received: Received[];
  /** Responds to the following requests. Default: 204. */
  answer: Answer;
  types: () => string[];
}

/** A receiver on a free port of this machine, closed at the end of the test. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    received: [],
    answer: (response) => response.writeHead(204).end(),
    types: () => receiver.received.map(({ body }) => body.type),
  };
  const server = createServer((request, response) => {
    void take(request).then((received) => {
      receiver.received.push(received);
      receiver.answer(response, received);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return receiver;
}

async function take(request: IncomingMessage): Promise<Received> {
  const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
  const text = Buffer.concat(chunks).toString();
  return { headers: request.headers, text, body: JSON.parse(text) as Received['body'], at: Date.now() };
}

/** Checks a signature with the library of Standard Webhooks. @throws if it is wrong. */
export function verify(secret: string, received: Received | undefined): unknown {
  if (!received) throw new Error('Nothing was received');
  const { headers, text } = received;
  return new Webhook(secret).verify(text, headers as Record<string, string>);
}

/** Its fields can be variables of an operation. */
export interface MadeWebhook extends Record<string, unknown> {
  id: string;
  secret: string;
  cursor: string;
}

export async function makeWebhook(person: Person, input: Record<string, unknown>): Promise<MadeWebhook> {
  const { createWebhook } = await person.query<{
    createWebhook: { webhook: { id: string }; secret: string; cursor: string };
  }>(
    `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } secret cursor } }`,
    { input },
  );
  return { ...createWebhook, id: createWebhook.webhook.id };
}

export interface Delivery {
  id: string;
  status: string;
  cause: string;
  kind: string | null;
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  duration: number | null;
  nextAttemptAt: string | null;
}

export interface State {
  enabled: boolean;
  disabledReason: string | null;
  position: string | null;
  lastDeliveredAt: string | null;
  deliveries: { totalCount: number; nodes: Delivery[] };
}

/** What the API shows of a webhook; its newest delivery first. */
export async function stateOf(person: Person, { id }: { id: string }): Promise<State> {
  const { node } = await person.query<{ node: State }>(
    `query ($id: ID!) { node(id: $id) { ... on Webhook { enabled disabledReason position lastDeliveredAt
       deliveries(first: 100) { totalCount nodes {
         id status cause kind attempts responseStatus error duration nextAttemptAt } } } } }`,
    { id },
  );
  return node;
}
