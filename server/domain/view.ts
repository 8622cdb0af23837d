import { isDeepStrictEqual } from 'node:util';
import { generateKeyBetween } from 'fractional-indexing';
import { z } from 'zod';
import type { View } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, LimitedToTeams, NotFound, ValidationFailed } from '../errors.ts';
import { LONGEST_FILTER } from '../filter-text/grammar.ts';
import { parseFilter } from '../filter-text/parse.ts';
import { printFilter } from '../filter-text/print.ts';
import { newId } from '../ids.ts';
import { append, currentCursor } from '../log/append.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { visible, type Person } from '../policy.ts';
import { lockUser } from '../sql/locks.ts';
import type { Change } from './change.ts';
import { checkQuota } from './quota.ts';
import { lockedTeam } from './team-lock.ts';
import { idOf, line, NOT_NULL, parse, version } from './validation.ts';

/** For each person, and for each team. */
export const MOST_VIEWS = 100;

export const LAYOUTS = ['LIST', 'BOARD', 'CALENDAR', 'TABLE'] as const;
export const GROUPINGS = ['STATUS', 'PRIORITY', 'ASSIGNEE', 'LABEL', 'DUE_WEEK', 'DUE_DAY'] as const;

export const MOST_LIMITS = 50;
const MOST_OF_LIMIT = 999;
const LIMIT_RANGE = `A limit can be 1 to ${MOST_OF_LIMIT}.`;
const LONGEST_VALUE = 100;

const name = line('The name', { min: 1, max: 100 });
/** In canonical spelling. */
const filterText = z.string(NOT_NULL).transform((given, issue) => {
  const { node, errors } = parseFilter(given);
  if (errors[0]) issue.addIssue({ code: 'custom', message: errors[0].message });
  const text = printFilter(node);
  // Quotes can make it longer.
  return text.length > LONGEST_FILTER ? given : text;
});
const layout = z.enum(LAYOUTS, NOT_NULL);
const limitedValue = z
  .string()
  .max(LONGEST_VALUE, `A value can have at most ${LONGEST_VALUE} characters.`)
  .refine(
    (value) => !value.includes('\0') && value.isWellFormed(),
    'The value contains an invalid character.',
  )
  .nullish()
  .transform((value) => (value === '' ? null : (value ?? null)));
const limits = z
  .array(
    z.object({
      value: limitedValue,
      limit: z.int(LIMIT_RANGE).min(1, LIMIT_RANGE).max(MOST_OF_LIMIT, LIMIT_RANGE),
    }),
    NOT_NULL,
  )
  .max(MOST_LIMITS, `A view can have at most ${MOST_LIMITS} limits.`)
  .refine(
    (given) => new Set(given.map(({ value }) => value)).size === given.length,
    'Each value can have one limit.',
  )
  .transform((given) => given.toSorted((one, other) => (one.value ?? '').localeCompare(other.value ?? '')));
const order = { orderField: z.string(NOT_NULL), orderDirection: z.enum(['asc', 'desc'], NOT_NULL) };
const after = idOf('View').nullish();

const creation = z.object({
  teamId: idOf('Team')
    .nullish()
    .transform((value) => value ?? null),
  name,
  filterText: filterText.nullish().transform((value) => value ?? ''),
  orderField: order.orderField.nullish().transform((value) => value ?? 'createdAt'),
  orderDirection: order.orderDirection.nullish().transform((value) => value ?? 'desc'),
  groupBy: z
    .enum(GROUPINGS)
    .nullish()
    .transform((value) => value ?? null),
  layout: layout.nullish().transform((value) => value ?? 'LIST'),
  limits: limits.nullish().transform((value) => value ?? []),
});

const edit = z.object({
  id: idOf('View'),
  version,
  name: name.optional(),
  filterText: filterText.optional(),
  orderField: order.orderField.optional(),
  orderDirection: order.orderDirection.optional(),
  groupBy: z.enum(GROUPINGS).nullish(),
  layout: layout.optional(),
  limits: limits.optional(),
  after,
});

type Scope = Pick<View, 'ownerId' | 'teamId'>;

/** It comes last. @throws Forbidden for a viewer of the team; Conflict at the limit. */
export async function createView(db: Database, person: Person, input: unknown): Promise<Change> {
  const { teamId, ...given } = parse(creation, input);
  if (teamId === null && person.limit) throw LimitedToTeams.chooseOne();
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    if (teamId === null) await lockUser(tx, person.userId);
    else if (!(await lockedTeam(tx, person, 'team.manageViews', teamId))) throw new NotFound('team', teamId);
    const scope = { ownerId: teamId === null ? person.userId : null, teamId };
    const others = await placesIn(tx, scope);
    if (others.length >= MOST_VIEWS)
      throw new Conflict(
        `You have reached the limit of ${MOST_VIEWS} views. Delete a view you no longer use.`,
      );
    const id = newId();
    const position = generateKeyBetween(others.at(-1)?.position ?? null, null);
    await tx.view.create({ data: { ...given, ...scope, id, position }, select: { id: true } });
    return {
      id,
      cursor: await append(tx, { kind: 'view.created', ...eventFields(person, { id, ...scope }), data: {} }),
    };
  });
}

/**
 * Omitted fields do not change, except the limits if the groups change. With `version`, the change is based on it.
 * @throws Forbidden for a viewer of the team; Conflict if the view has another version.
 */
export async function updateView(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, version: known, after: above, ...given } = parse(edit, input);
  return inTransaction(db, async (tx) => {
    const view = await lockedView(tx, person, id);
    if (known != null && known !== view.version)
      throw new Conflict(
        `The view has changed: its version is ${view.version}, and your change is based on version ${known}. Review the current values, then repeat your change.`,
        { field: 'version', currentVersion: view.version },
      );
    const isRegrouped = given.groupBy !== undefined && given.groupBy !== view.groupBy;
    const wanted = {
      ...given,
      ...(isRegrouped && given.limits === undefined ? { limits: [] } : {}),
      ...(above === undefined ? {} : { position: await placeAfter(tx, view, above) }),
    };
    const changes = Object.fromEntries(
      Object.entries(wanted).filter(([field, value]) => !isDeepStrictEqual(value, view[field as keyof View])),
    );
    const fields = Object.keys(changes);
    if (fields.length === 0) return { id, cursor: await currentCursor(tx) };
    await tx.view.update({
      where: { id },
      data: { ...changes, version: { increment: 1 } },
      select: { id: true },
    });
    return {
      id,
      cursor: await append(tx, { kind: 'view.updated', ...eventFields(person, view), data: { fields } }),
    };
  });
}

/** Idempotent. */
export async function deleteView(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('View') }), input);
  return inTransaction(db, async (tx) => {
    const earlier = await earlierRemoval(tx, 'view.deleted', person, id);
    if (earlier !== null) return { id, cursor: earlier };
    const view = await lockedView(tx, person, id);
    await tx.view.delete({ where: { id }, select: { id: true } });
    return { id, cursor: await append(tx, { kind: 'view.deleted', ...eventFields(person, view), data: {} }) };
  });
}

/** Locks the views of its person or team. @throws NotFound, Forbidden */
async function lockedView(tx: Transaction, person: Person, id: string): Promise<View> {
  const where = { id, AND: visible.view(person) };
  const seen = await tx.view.findFirst({ where, select: { teamId: true } });
  if (seen?.teamId) await lockedTeam(tx, person, 'team.manageViews', seen.teamId);
  else if (seen) await lockUser(tx, person.userId);
  const view = seen && (await tx.view.findFirst({ where }));
  if (!view) throw new NotFound('view', id);
  return view;
}

function placesIn(tx: Transaction, { ownerId, teamId }: Scope): Promise<Pick<View, 'id' | 'position'>[]> {
  return tx.view.findMany({
    where: { ownerId, teamId },
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
    select: { id: true, position: true },
  });
}

/** @param above null for the first place. @throws ValidationFailed for a view of another person or team. */
async function placeAfter(tx: Transaction, view: View, above: string | null): Promise<string> {
  if (above === view.id) return view.position;
  const others = (await placesIn(tx, view)).filter(({ id }) => id !== view.id);
  const at = others.findIndex(({ id }) => id === above);
  if (above !== null && at < 0)
    throw new ValidationFailed('`after` must be a view of the same person or team.', { field: 'after' });
  const before = others[at]?.position ?? null;
  const next = others[at + 1]?.position ?? null;
  const isThere = (before === null || before < view.position) && (next === null || view.position < next);
  return isThere ? view.position : generateKeyBetween(before, next);
}

function eventFields({ userId }: Person, { id, ownerId, teamId }: Scope & { id: string }) {
  return { actorId: userId, personId: ownerId, subjectId: id, teamId };
}
