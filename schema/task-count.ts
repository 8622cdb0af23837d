import { TaskStatus } from '../prisma/generated/client/client.ts';
import { publicId, uuidOf } from '../server/ids.ts';
import type { Viewer } from '../server/policy.ts';
import type { CountedTasks } from '../server/sql/count-tasks.ts';
import type { Scope } from '../server/sql/counter-scope.ts';
import { matchingTasks, type TaskFilter } from './task-filter.ts';

const OPEN: ReadonlySet<TaskStatus> = new Set([TaskStatus.TODO, TaskStatus.IN_PROGRESS]);

/** What a filter asks of the counters: a scope, and status and priority, or the due date of open tasks. Null if more. */
export function countedTasks(viewer: Viewer, filter: TaskFilter | null | undefined): CountedTasks | null {
  const parts = partsOf(filter ?? {});
  const ofScope = parts.filter(
    ({ owner, assignee, team, ownedOrAssigned }) =>
      owner ?? assignee ?? team ?? ownedOrAssigned !== undefined,
  );
  const ofDue = parts.filter(({ dueOn }) => dueOn);
  const others = parts.filter((part) => !ofScope.includes(part) && !ofDue.includes(part));
  const scope = ofScope[0] ? scopeOf(viewer, ofScope[0]) : null;
  if (ofScope.length > 1 || scope === undefined) return null;
  const all = (some: TaskFilter[]) => ({ AND: some.map((part) => matchingTasks(viewer, part)) });
  const counted = { scope, where: all(others) };
  if (ofDue.length === 0) return { ...counted, due: null };
  const isOfOpen = others.length === 1 && isExactlyOpen(others[0]?.status);
  if (!isOfOpen) return null;
  const withoutDate = ofDue.some(({ dueOn }) => dueOn?.isNull ?? dueOn?.notIn);
  if (!withoutDate) return { ...counted, due: all(ofDue) };
  const isOnlyThat =
    ofDue.length === 1 && given(ofDue[0]?.dueOn).join() === 'isNull' && ofDue[0]?.dueOn?.isNull;
  return isOnlyThat ? { ...counted, due: 'none' } : null;
}

/** A scope that contains all tasks of a filter; null if there is none. */
export function scopeIn(viewer: Viewer, filter: TaskFilter | null | undefined): Scope | null {
  const scopes = partsOf(filter ?? {}).flatMap((part) => scopeOf(viewer, part) ?? []);
  return scopes.find(({ teamId }) => teamId !== null) ?? scopes[0] ?? null;
}

/** The conditions that must all hold, one each; `or` and `not` stay together. */
function partsOf({ and, or, not, ...fields }: TaskFilter): TaskFilter[] {
  const own = Object.entries(fields).flatMap(([field, value]) =>
    isEmpty(value) ? [] : [{ [field]: value }],
  );
  return [...own, ...(or ? [{ or }] : []), ...(not ? [{ not }] : []), ...(and ?? []).flatMap(partsOf)];
}

/** Undefined for a scope that has no counters. */
function scopeOf(viewer: Viewer, { owner, assignee, team, ownedOrAssigned }: TaskFilter): Scope | undefined {
  if (ownedOrAssigned) return { teamId: null, by: 'either' };
  const id = given(owner ?? assignee ?? team).join() === 'eq' ? (owner ?? assignee ?? team)?.eq : undefined;
  if (id == null) return undefined;
  if (!team) {
    if (id !== publicId('User', viewer.actorId)) return undefined;
    return { teamId: null, by: assignee ? 'assignee' : 'owner' };
  }
  const teamId = uuidOf('Team', id, 'filter.team.eq');
  return viewer.teams.has(teamId) ? { teamId, by: 'owner' } : undefined;
}

function isExactlyOpen(status: TaskFilter['status']): boolean {
  const wanted = new Set(status?.in);
  return given(status).join() === 'in' && wanted.size === OPEN.size && wanted.isSubsetOf(OPEN);
}

/** Null counts as omitted, also inside of the conditions on a field. */
function isEmpty(value: unknown): boolean {
  return value == null || (typeof value === 'object' && given(value).length === 0);
}

function given(conditions: object | null | undefined): string[] {
  return Object.entries(conditions ?? {}).flatMap(([operator, value]) => (value == null ? [] : [operator]));
}
