import type { GraphQLSchema } from 'graphql';
import type { Event } from '../../prisma/generated/client/client.ts';
import { contextOfPerson } from '../graphql/plugins/use-viewer-context.ts';
import { maySee } from '../live/event-rights.ts';
import { KnownShares } from '../live/known-shares.ts';
import type { SubscriberRights } from '../live/subscriber.ts';
import { inTransaction } from '../database/transaction.ts';
import { Unauthenticated } from '../errors.ts';
import { taskIdOf } from '../log/catalogue.ts';
import { can } from '../policy.ts';
import type { Services } from '../services.ts';
import { liveRightsOf } from '../sql/live-rights.ts';
import type { WebhookDisabledReason } from '../../prisma/generated/client/client.ts';
import { matchesFilter, MOST_BYTES, payloadOf, testPayload, type Payload } from './body.ts';
import {
  disableWebhook,
  dropDelivery,
  recordFailure,
  recordGone,
  recordSuccess,
  type Attempt,
  type NextDelivery,
} from './queue.ts';
import type { Answer, WebhookClient } from './request.ts';
import type { Outcome } from './settings.ts';
import { signedHeaders, unsealed } from './signature.ts';

export interface AttemptServices {
  services: Pick<Services, 'db' | 'log' | 'assistant' | 'authServices' | 'live' | 'monitoring' | 'webhooks'>;
  schema: GraphQLSchema;
}

const GONE = 410;

/** Sends one delivery with the rights that its person has now. @throws if this server could not prepare it. */
export async function attempt(
  parts: AttemptServices,
  client: WebhookClient,
  held: { webhookId: string; lease: string },
  next: NextDelivery,
  stopping: AbortSignal,
): Promise<{ outcome: Outcome; answer?: Answer }> {
  const { db } = parts.services;
  const { webhookId } = held;
  const stop = async (reason: WebhookDisabledReason) => {
    await inTransaction(db, (tx) => disableWebhook(tx, webhookId, reason));
    return { outcome: 'disabled' as const };
  };
  const secrets = await secretsOf(next, parts.services.webhooks.serverSecret).catch(() => null);
  if (!secrets) return stop('SECRET_LOST');
  const rights = await rightsOf(parts, next);
  if (!rights || !can(rights.viewer, 'webhook.manage', next)) return stop('NO_ACCESS');
  const at = new Date();
  const payload = await wantedPayload(parts, rights, webhookId, next, at);
  if (!payload) {
    await dropDelivery(db, next.deliveryId);
    return { outcome: 'dropped' };
  }
  const body = JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Taskwire-Webhooks',
    ...signedHeaders({ id: payload.id, at, body }, secrets),
  };
  const answer =
    Buffer.byteLength(body) > MOST_BYTES
      ? { status: null, error: `The event is longer than ${MOST_BYTES} bytes.`, duration: 0 }
      : await client.post(next.url, headers, body, stopping);
  // Aborted by this server's end, so that another one sends it.
  if (stopping.aborted && answer.status === null) return { outcome: 'interrupted' };
  const result: Attempt = { ...held, ...answer, deliveryId: next.deliveryId, startedAt: at };
  if (isSuccess(answer)) {
    await recordSuccess(db, result);
    return { outcome: 'delivered', answer };
  }
  if (answer.status === GONE) {
    await recordGone(db, result);
    return { outcome: 'gone', answer };
  }
  await recordFailure(db, result);
  return { outcome: 'failed', answer };
}

function isSuccess({ status }: Answer): boolean {
  return status !== null && status >= 200 && status < 300;
}

async function secretsOf(
  { secret, previousSecret, previousSecretUntil }: NextDelivery,
  serverSecret: string,
): Promise<string[]> {
  const overlaps =
    previousSecret !== null && previousSecretUntil !== null && previousSecretUntil > new Date();
  const current = await unsealed(secret, serverSecret);
  // It can be of another server secret, if that was replaced before the rotation.
  const previous = overlaps ? await unsealed(previousSecret, serverSecret).catch(() => null) : null;
  return previous === null ? [current] : [current, previous];
}

/** Null if the account is gone. */
async function rightsOf(
  { services }: AttemptServices,
  { userId }: NextDelivery,
): Promise<SubscriberRights | null> {
  const { db, authServices } = services;
  try {
    const rights = await liveRightsOf(db, { userId, limit: null }, authServices.adminEmails);
    return { ...rights, shares: new KnownShares(db, userId, rights.holdsShares) };
  } catch (error) {
    if (error instanceof Unauthenticated) return null;
    throw error;
  }
}

/** Null if it is not to be sent. */
async function wantedPayload(
  { services, schema }: AttemptServices,
  rights: SubscriberRights,
  webhookId: string,
  { deliveryId, eventSequence, teamId, taskFilter }: NextDelivery,
  at: Date,
): Promise<Payload | null> {
  if (eventSequence === null) return testPayload(deliveryId, webhookId, at);
  const { db, monitoring } = services;
  const event = await db.event.findUnique({ where: { sequence: eventSequence } });
  if (!event || (teamId !== null && event.teamId !== teamId) || !(await maySee(rights, event))) return null;
  const context = () => contextOfPerson({ ...services, store: monitoring.store }, rights);
  if (taskFilter !== null && !(await passes(event))) return null;
  return payloadOf(schema, context(), event);

  async function passes(about: Event): Promise<boolean> {
    const taskId = taskIdOf(about);
    if (taskId === null) return false;
    // A deleted task has nothing to filter by.
    if ((await db.task.count({ where: { id: taskId } })) === 0) return true;
    return matchesFilter(schema, context(), taskId, taskFilter);
  }
}
