import { generateKeyBetween } from 'fractional-indexing';
import { z } from 'zod';
import type { CustomDashboard } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, LimitedToTeams, NotFound, ValidationFailed } from '../errors.ts';
import { newId } from '../ids.ts';
import { append, currentCursor } from '../log/append.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { visible, type Person } from '../policy.ts';
import { lockUser } from '../sql/locks.ts';
import type { Change } from './change.ts';
import { TEMPLATES, widgetsOf } from './dashboard-templates.ts';
import { MOST_WIDGETS, widget, type Widget } from './dashboard-widget.ts';
import { checkQuota } from './quota.ts';
import { lockedTeam } from './team-lock.ts';
import { idOf, line, NOT_NULL, parse, version } from './validation.ts';

/** For each person, and for each team. */
export const MOST_DASHBOARDS = 100;

const name = line('The name', { min: 1, max: 100 });
const widgets = z
  .array(widget, NOT_NULL)
  .max(MOST_WIDGETS, `A dashboard can have at most ${MOST_WIDGETS} widgets.`)
  .refine(
    (all) => new Set(all.map(({ key }) => key)).size === all.length,
    'Each widget must have a `key` of its own.',
  );
const teamId = idOf('Team')
  .nullish()
  .transform((value) => value ?? null);

const creation = z.object({
  teamId,
  name,
  template: z.enum(TEMPLATES).nullish(),
  widgets: widgets.nullish(),
});

const edit = z.object({
  id: idOf('CustomDashboard'),
  version,
  name: name.optional(),
  widgets: widgets.optional(),
  after: idOf('CustomDashboard').nullish(),
});

type Scope = Pick<CustomDashboard, 'ownerId' | 'teamId'>;

/** It comes last. @throws Forbidden for a viewer of the team; Conflict at the limit. */
export async function createCustomDashboard(db: Database, person: Person, input: unknown): Promise<Change> {
  const { teamId: team, name: title, template, widgets: given } = parse(creation, input);
  if (given && template)
    throw new ValidationFailed('Specify either `template` or `widgets`, not both.', { field: 'template' });
  const added = given ?? widgetsOf(template ?? null, team);
  return add(db, person, team, title, () => Promise.resolve(added));
}

/** Copies a dashboard for its reader or one of their teams. The copy comes last. */
export async function duplicateCustomDashboard(
  db: Database,
  person: Person,
  input: unknown,
): Promise<Change> {
  const {
    id,
    teamId: team,
    name: title,
  } = parse(z.object({ id: idOf('CustomDashboard'), teamId, name }), input);
  return add(db, person, team, title, async (tx) => {
    const original = await tx.customDashboard.findFirst({
      where: { id, AND: visible.customDashboard(person) },
    });
    if (!original) throw new NotFound('dashboard', id);
    return original.widgets as unknown as Widget[];
  });
}

async function add(
  db: Database,
  person: Person,
  team: string | null,
  title: string,
  read: (tx: Transaction) => Promise<readonly Widget[]>,
): Promise<Change> {
  if (team === null && person.limit) throw LimitedToTeams.chooseOne();
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    if (team === null) await lockUser(tx, person.userId);
    else if (!(await lockedTeam(tx, person, 'team.manageViews', team))) throw new NotFound('team', team);
    const scope = { ownerId: team === null ? person.userId : null, teamId: team };
    const added = await read(tx);
    const others = await placesIn(tx, scope);
    if (others.length >= MOST_DASHBOARDS)
      throw new Conflict(
        `You have reached the limit of ${MOST_DASHBOARDS} dashboards. Delete a dashboard you no longer use.`,
      );
    const id = newId();
    const position = generateKeyBetween(others.at(-1)?.position ?? null, null);
    await tx.customDashboard.create({
      data: { ...scope, id, name: title, widgets: added as object[], position },
      select: { id: true },
    });
    const event = { kind: 'dashboard.created', ...eventFields(person, { id, ...scope }), data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

/**
 * Omitted fields do not change. With `version`, the change is based on it.
 * @throws Forbidden for a viewer of the team; Conflict if the dashboard has another version.
 */
export async function updateCustomDashboard(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, version: known, after: above, ...given } = parse(edit, input);
  return inTransaction(db, async (tx) => {
    const dashboard = await lockedDashboard(tx, person, id);
    if (known != null && known !== dashboard.version)
      throw new Conflict(
        `The dashboard has changed: its version is ${dashboard.version}, and your change is based on version ${known}. Review the current widgets, then repeat your change.`,
        { field: 'version', currentVersion: dashboard.version },
      );
    const position = above === undefined ? dashboard.position : await placeAfter(tx, dashboard, above);
    const wanted = {
      name: given.name ?? dashboard.name,
      widgets: given.widgets ?? (dashboard.widgets as unknown as Widget[]),
      position,
    };
    const fields = (['name', 'widgets', 'position'] as const).filter((field) =>
      field === 'widgets'
        ? given.widgets && !isSame(given.widgets, dashboard.widgets as unknown as Widget[])
        : wanted[field] !== dashboard[field],
    );
    if (fields.length === 0) return { id, cursor: await currentCursor(tx) };
    await tx.customDashboard.update({
      where: { id },
      data: { ...wanted, widgets: wanted.widgets, version: { increment: 1 } },
      select: { id: true },
    });
    const event = { kind: 'dashboard.updated', ...eventFields(person, dashboard), data: { fields } } as const;
    return { id, cursor: await append(tx, event) };
  });
}

/** Idempotent. */
export async function deleteCustomDashboard(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('CustomDashboard') }), input);
  return inTransaction(db, async (tx) => {
    const earlier = await earlierRemoval(tx, 'dashboard.deleted', person, id);
    if (earlier !== null) return { id, cursor: earlier };
    const dashboard = await lockedDashboard(tx, person, id);
    await tx.customDashboard.delete({ where: { id }, select: { id: true } });
    const event = { kind: 'dashboard.deleted', ...eventFields(person, dashboard), data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

/** JSONB stores keys in another order. */
function isSame(some: readonly Widget[], others: readonly Widget[]): boolean {
  const sorted = (all: readonly Widget[]) => JSON.stringify(all.map((each) => Object.entries(each).sort()));
  return sorted(some) === sorted(others);
}

/** Locks the dashboards of its person or team. @throws NotFound, Forbidden */
async function lockedDashboard(tx: Transaction, person: Person, id: string): Promise<CustomDashboard> {
  const where = { id, AND: visible.customDashboard(person) };
  const seen = await tx.customDashboard.findFirst({ where, select: { teamId: true } });
  if (seen?.teamId) await lockedTeam(tx, person, 'team.manageViews', seen.teamId);
  else if (seen) await lockUser(tx, person.userId);
  const dashboard = seen && (await tx.customDashboard.findFirst({ where }));
  if (!dashboard) throw new NotFound('dashboard', id);
  return dashboard;
}

function placesIn(tx: Transaction, { ownerId, teamId: team }: Scope) {
  return tx.customDashboard.findMany({
    where: { ownerId, teamId: team },
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
    select: { id: true, position: true },
  });
}

/** @param above null for the first place. @throws ValidationFailed for a dashboard of another person or team. */
async function placeAfter(
  tx: Transaction,
  dashboard: CustomDashboard,
  above: string | null,
): Promise<string> {
  if (above === dashboard.id) return dashboard.position;
  const others = (await placesIn(tx, dashboard)).filter(({ id }) => id !== dashboard.id);
  const at = others.findIndex(({ id }) => id === above);
  if (above !== null && at < 0)
    throw new ValidationFailed('`after` must be a dashboard of the same person or team.', { field: 'after' });
  const before = others[at]?.position ?? null;
  const next = others[at + 1]?.position ?? null;
  const isThere =
    (before === null || before < dashboard.position) && (next === null || dashboard.position < next);
  return isThere ? dashboard.position : generateKeyBetween(before, next);
}

function eventFields({ userId }: Person, { id, ownerId, teamId: team }: Scope & { id: string }) {
  return { actorId: userId, personId: ownerId, subjectId: id, teamId: team };
}
