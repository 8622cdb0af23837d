import { z } from 'zod';
import { Prisma, type Webhook } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, NotFound, ValidationFailed } from '../errors.ts';
import { newId } from '../ids.ts';
import { append, currentCursor } from '../log/append.ts';
import { EVENTS } from '../log/catalogue.ts';
import { decodeCursor } from '../log/cursor.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { can, requireSession, visible, type Holder, type Person } from '../policy.ts';
import { lockUser } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { AddressRefused, type AddressRules } from '../address-rules.ts';
import { disableWebhook } from '../webhooks/queue.ts';
import type { WebhookSettings } from '../webhooks/settings.ts';
import { newWebhookSecret, OVERLAP_MS, sealed } from '../webhooks/signature.ts';
import type { Change } from './change.ts';
import { checkQuota } from './quota.ts';
import { lockedTeam } from './team-lock.ts';
import { idOf, line, NOT_NULL, parse } from './validation.ts';

/** For each person, and for each team. */
export const MOST_WEBHOOKS = 20;
const LONGEST_URL = 2_000;
const LONGEST_FILTER = 10_000;

const FOR_SESSIONS = 'API tokens cannot manage webhooks.';

interface WebhookServices extends WebhookSettings {
  db: Database;
}

/** The secret cannot be read again. */
export interface NewWebhook extends Change {
  secret: string;
}

const url = z
  .string(NOT_NULL)
  .max(LONGEST_URL, `A URL can have at most ${LONGEST_URL.toLocaleString('en')} characters.`)
  .refine((given) => URL.canParse(given), 'Enter a URL such as https://example.com/taskwire.')
  .transform((given) => new URL(given))
  .refine(
    ({ username, password, hash }) => username + password + hash === '',
    'The URL cannot contain a user name, a password or a fragment. The secret authenticates deliveries.',
  );
const description = line('The description', { min: 0, max: 200 });
const kinds = z.array(z.enum(Object.keys(EVENTS)), NOT_NULL).transform((given) => [...new Set(given)]);
const taskFilter = z
  .record(z.string(), z.unknown())
  .refine(
    (given) => JSON.stringify(given).length <= LONGEST_FILTER,
    `A task filter can have at most ${LONGEST_FILTER.toLocaleString('en')} characters as JSON.`,
  )
  .nullish();

const creation = z.object({
  teamId: idOf('Team')
    .nullish()
    .transform((value) => value ?? null),
  url,
  description: description.nullish().transform((value) => value ?? ''),
  kinds: kinds.nullish().transform((value) => value ?? []),
  taskFilter,
});

const edit = z.object({
  id: idOf('Webhook'),
  url: url.optional(),
  description: description.optional(),
  kinds: kinds.optional(),
  taskFilter,
  enabled: z.boolean(NOT_NULL).optional(),
  resume: z.boolean().nullish(),
});

const named = z.object({ id: idOf('Webhook') });

/** @throws Forbidden if the person does not manage the team; Conflict at the limit. */
export async function createWebhook(
  services: WebhookServices,
  holder: Holder,
  input: unknown,
): Promise<NewWebhook> {
  const { teamId, url: address, taskFilter: filter, ...given } = parse(creation, input);
  requireSession(holder, FOR_SESSIONS);
  refuseAddress(services.rules, address);
  const { db, serverSecret } = services;
  const { userId } = holder;
  const secret = newWebhookSecret();
  const stored = await sealed(secret, serverSecret);
  await checkQuota(db, holder);
  return inTransaction(db, async (tx) => {
    if (teamId === null) await lockUser(tx, userId);
    else if (!(await lockedTeam(tx, holder, 'team.manageWebhooks', teamId)))
      throw new NotFound('team', teamId);
    const existing = await tx.webhook.count({ where: teamId === null ? { userId, teamId } : { teamId } });
    if (existing >= MOST_WEBHOOKS)
      throw new Conflict(
        `You have reached the limit of ${MOST_WEBHOOKS} webhooks. Delete a webhook you no longer use.`,
      );
    const id = newId();
    const cursor = await append(tx, {
      kind: 'webhook.created',
      ...eventFields(holder, { id, userId, teamId }),
      data: {},
    });
    const data = {
      ...given,
      id,
      userId,
      teamId,
      url: address.href,
      secret: stored,
      ...(await after(db, cursor)),
    };
    await tx.webhook.create({ data: { ...data, taskFilter: jsonOf(filter) }, select: { id: true } });
    return { id, secret, cursor };
  });
}

/**
 * Omitted fields do not change. Disabling keeps the position, from which `resume` continues. A team's webhook then sends
 * what this person sees.
 */
export async function updateWebhook(
  services: WebhookServices,
  holder: Holder,
  input: unknown,
): Promise<Change> {
  const { id, url: address, enabled, resume, taskFilter: filter, ...given } = parse(edit, input);
  requireSession(holder, FOR_SESSIONS);
  if (address) refuseAddress(services.rules, address);
  if (resume === true && enabled !== true)
    throw new ValidationFailed('`resume` requires `enabled: true`.', { field: 'resume' });
  const { db } = services;
  return inTransaction(db, async (tx) => {
    const webhook = await lockedWebhook(tx, holder, id);
    const isEnabled = webhook.disabledReason === null;
    const changes: Prisma.WebhookUncheckedUpdateInput = {
      ...given,
      ...(address ? { url: address.href } : {}),
      ...(filter === undefined ? {} : { taskFilter: jsonOf(filter) }),
    };
    const fields = [
      ...Object.keys(changes).filter((field) => !isSame(webhook, changes, field)),
      ...(enabled === true && !isEnabled ? ['enabled'] : []),
    ];
    let cursor = fields.length === 0 ? await currentCursor(tx) : '';
    if (fields.length > 0) {
      cursor = await append(tx, {
        kind: 'webhook.updated',
        ...eventFields(holder, webhook),
        data: { fields },
      });
      const restart = resume === true ? {} : await after(db, cursor);
      const restarted = { disabledReason: null, disabledAt: null, failures: 0, retryAt: null, ...restart };
      const data = { ...changes, userId: holder.userId, ...(fields.includes('enabled') ? restarted : {}) };
      if (fields.includes('enabled'))
        await tx.webhookDelivery.deleteMany({ where: { webhookId: id, status: 'PENDING' } });
      await tx.webhook.update({ where: { id }, data, select: { id: true } });
    }
    if (enabled === false && isEnabled) {
      await disableWebhook(tx, id, 'BY_PERSON', { actorId: holder.userId });
      cursor = await currentCursor(tx);
    }
    return { id, cursor };
  });
}

/** Idempotent. */
export async function deleteWebhook(
  { db }: WebhookServices,
  holder: Holder,
  input: unknown,
): Promise<Change> {
  const { id } = parse(named, input);
  requireSession(holder, FOR_SESSIONS);
  return inTransaction(db, async (tx) => {
    const webhook = await lockedWebhook(tx, holder, id).catch(async (error: unknown) => {
      const earlier =
        error instanceof NotFound ? await earlierRemoval(tx, 'webhook.deleted', holder, id) : null;
      if (earlier === null) throw error;
      return { cursor: earlier };
    });
    if ('cursor' in webhook) return { id, cursor: webhook.cursor };
    await tx.webhook.delete({ where: { id }, select: { id: true } });
    return {
      id,
      cursor: await append(tx, { kind: 'webhook.deleted', ...eventFields(holder, webhook), data: {} }),
    };
  });
}

/** For 24 hours, deliveries are also signed with the previous secret. */
export async function rotateWebhookSecret(
  { db, serverSecret }: WebhookServices,
  holder: Holder,
  input: unknown,
): Promise<NewWebhook> {
  const { id } = parse(named, input);
  requireSession(holder, FOR_SESSIONS);
  const secret = newWebhookSecret();
  const stored = await sealed(secret, serverSecret);
  return inTransaction(db, async (tx) => {
    const webhook = await lockedWebhook(tx, holder, id);
    const data = {
      secret: stored,
      previousSecret: webhook.disabledReason === 'SECRET_LOST' ? null : webhook.secret,
      previousSecretUntil: new Date(Date.now() + OVERLAP_MS),
    };
    await tx.webhook.update({ where: { id }, data, select: { id: true } });
    const cursor = await append(tx, {
      kind: 'webhook.secretRotated',
      ...eventFields(holder, webhook),
      data: {},
    });
    return { id, secret, cursor };
  });
}

/** @throws NotFound if the person does not manage it. */
export async function lockedWebhook(tx: Transaction, person: Person, id: string): Promise<Webhook> {
  const where = { id, AND: visible.webhook(person) };
  const seen = await tx.webhook.findFirst({ where, select: { teamId: true } });
  if (seen?.teamId) await lockedTeam(tx, person, 'team.manageWebhooks', seen.teamId);
  await tx.$queryRaw`/* lockWebhook */ SELECT id FROM webhooks WHERE id = ${seen ? id : null}::uuid FOR NO KEY UPDATE`;
  const webhook = seen && (await tx.webhook.findFirst({ where }));
  if (!webhook || !can(await viewerOf(tx, person), 'webhook.manage', webhook))
    throw new NotFound('webhook', id);
  return webhook;
}

/** Disables the webhooks of a team that send what this person sees, since they no longer manage it. */
export async function disableWebhooksOf(
  tx: Transaction,
  person: Person,
  teamId: string,
  userId: string,
): Promise<void> {
  const webhooks = await tx.webhook.findMany({ where: { teamId, userId }, select: { id: true } });
  for (const { id } of webhooks) await disableWebhook(tx, id, 'NO_ACCESS', { actorId: person.userId });
}

/** The position of the queue after an event. */
async function after(db: Database, cursor: string): Promise<Pick<Webhook, 'transactionId' | 'sequence'>> {
  const { transactionId, sequence } = await decodeCursor(db, cursor);
  return { transactionId, sequence };
}

/** A webhook outlives the token, and receives everything its person sees. */
function refuseAddress(rules: AddressRules, address: URL): void {
  try {
    rules.check(address);
  } catch (error) {
    if (error instanceof AddressRefused) throw new ValidationFailed(error.message, { field: 'url' });
    throw error;
  }
}

function isSame(webhook: Webhook, changes: Prisma.WebhookUncheckedUpdateInput, field: string): boolean {
  const before: unknown = webhook[field as keyof Webhook];
  const next: unknown = changes[field as keyof typeof changes];
  return JSON.stringify(before) === JSON.stringify(next === Prisma.DbNull ? null : next);
}

function jsonOf(filter: Record<string, unknown> | null | undefined) {
  return filter ? (filter as Prisma.InputJsonObject) : Prisma.DbNull;
}

function eventFields({ userId }: Person, webhook: Pick<Webhook, 'id' | 'userId' | 'teamId'>) {
  return { actorId: userId, personId: webhook.userId, subjectId: webhook.id, teamId: webhook.teamId };
}
