import type { Prisma } from '../prisma/generated/client/client.ts';
import { liveShareOf, visible, type Viewer } from '../server/policy.ts';
import { MOST_FINDS, MOST_MATCHES, NEWEST_LISTED, tasksWith } from '../server/sql/search.ts';
import {
  DateFilter,
  DateTimeFilter,
  enumFilter,
  filterType,
  IdFilter,
  LabelsFilter,
  matching,
  mentions,
  onColumn,
  onFlag,
  onLabels,
  onReference,
  onWords,
  TextFilter,
} from './machinery/filters.ts';
import { Priority, Status } from './task.ts';

const TaskStatusFilter = enumFilter('TaskStatusFilter', Status, 'Filters by status');
const TaskPriorityFilter = enumFilter('TaskPriorityFilter', Priority, 'Filters by priority');

const count = (number: number) => number.toLocaleString('en');

export const TaskFilter = filterType('TaskFilter', 'Filters tasks', (t) => ({
  id: t.field({ type: IdFilter, description: 'By task id.' }),
  title: t.field({ type: TextFilter, description: 'By title.' }),
  status: t.field({ type: TaskStatusFilter, description: 'By status.' }),
  priority: t.field({ type: TaskPriorityFilter, description: 'By priority.' }),
  dueOn: t.field({ type: DateFilter, description: 'By due date.' }),
  labels: t.field({ type: LabelsFilter, description: 'By label.' }),
  owner: t.field({ type: IdFilter, description: 'By owner.' }),
  assignee: t.field({ type: IdFilter, description: 'By assignee.' }),
  ownedOrAssigned: t.boolean({
    description: 'Whether the viewer owns the task or it is assigned to the viewer.',
  }),
  team: t.field({
    type: IdFilter,
    description: 'By team. A team the viewer is not a member of counts as no team.',
  }),
  parent: t.field({
    type: IdFilter,
    description: 'By parent task. A parent the viewer cannot see counts as no parent.',
  }),
  createdAt: t.field({ type: DateTimeFilter, description: 'By creation time.' }),
  updatedAt: t.field({ type: DateTimeFilter, description: 'By time of the last change.' }),
  completedAt: t.field({ type: DateTimeFilter, description: 'By completion time.' }),
  archived: t.boolean({
    description:
      'Whether the task is archived. Without a condition on this field, archived tasks are left out.',
  }),
  text: t.string({
    description: `Full-text search in title and description, with the syntax of \`search\`. At most 200 characters; text without a word matches nothing. Searches the newest ${count(NEWEST_LISTED)} visible tasks, then older ones if fewer than ${MOST_FINDS} match. Returns at most the ${count(MOST_MATCHES)} newest matches.`,
  }),
  sharedWithViewer: t.boolean({
    description: 'Whether the task is shared with the viewer by an active share.',
  }),
}));

export type TaskFilter = typeof TaskFilter.$inferInput;

/** A filter as a Prisma condition. */
export function matchingTasks(viewer: Viewer, filter: TaskFilter | null | undefined): Prisma.TaskWhereInput {
  return matching(filter, {
    id: onReference('id', 'Task'),
    title: onColumn('title'),
    status: onColumn('status'),
    priority: onColumn('priority'),
    dueOn: onColumn('dueOn', { nullable: true }),
    labels: onLabels('labels'),
    owner: onReference('ownerId', 'User'),
    assignee: onReference('assigneeId', 'User', { nullable: true }),
    ownedOrAssigned: onFlag({
      OR: [
        { ownerId: viewer.actorId },
        // Without the condition on null, the opposite would be unknown for unassigned tasks.
        { AND: [{ assigneeId: { not: null } }, { assigneeId: viewer.actorId }] },
      ],
    }),
    team: onReference('teamId', 'Team', {
      nullable: true,
      seen: { team: visible.team(viewer) },
    }),
    parent: onReference('parentId', 'Task', { nullable: true, seen: { parent: visible.task(viewer) } }),
    createdAt: onColumn('createdAt'),
    updatedAt: onColumn('updatedAt'),
    completedAt: onColumn('completedAt', { nullable: true }),
    archived: onFlag({ archivedAt: { not: null } }),
    text: onWords((words) => tasksWith(viewer, words)),
    sharedWithViewer: onFlag({ shares: { some: liveShareOf(viewer) } }),
  });
}

/** All of the filters, without archived tasks unless one has a condition on that. */
export function wantedTasks(viewer: Viewer, filters: readonly TaskFilter[]): Prisma.TaskWhereInput {
  const present = filters.some((filter) => mentions(filter, 'archived')) ? {} : { archivedAt: null };
  return { AND: [...filters.map((filter) => matchingTasks(viewer, filter)), present] };
}
