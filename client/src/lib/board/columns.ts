import type { BoardQuery, TaskGroupBy } from '../../gql/graphql.ts';
import { type Day, dayAfter, dayWords, mondayOf } from '../task/due-day.ts';
import type { TaskValues } from '../task/change-tasks.ts';
import { priorityWords, statusWords } from '../task/task-words.ts';

export type Group = BoardQuery['taskGroups'][number];
export type Card = Group['tasks']['nodes'][number];

/** A view, as its board shows it. */
export interface LimitedView {
  id: string;
  version: number;
  /** By the keys of columns. */
  limits: readonly { value: string | null; limit: number }[];
  viewerCan: { edit: boolean };
}

/** The name of a column. */
export function nameOf(by: TaskGroupBy, { key, assignee }: Pick<Group, 'key' | 'assignee'>): string {
  switch (by) {
    case 'STATUS':
      return statusWords[key as keyof typeof statusWords];
    case 'PRIORITY':
      return priorityWords[key as keyof typeof priorityWords];
    case 'ASSIGNEE':
      return key === null ? 'No assignee' : (assignee?.name ?? 'Unknown');
    case 'LABEL':
      return key ?? 'No label';
    case 'DUE_WEEK':
      return key === null ? 'No due date' : `Week of ${dayWords(key)}`;
    case 'DUE_DAY':
      return key === null ? 'No due date' : dayWords(key);
  }
}

/** The values of a card that its column is about. */
export function valuesOf(by: TaskGroupBy, card: Card): TaskValues {
  switch (by) {
    case 'STATUS':
      return { status: card.status };
    case 'PRIORITY':
      return { priority: card.priority };
    case 'ASSIGNEE':
      return { assigneeId: card.assignee?.id ?? null };
    case 'LABEL':
      return { labels: card.labels };
    case 'DUE_WEEK':
    case 'DUE_DAY':
      return { dueOn: card.dueOn };
  }
}

/** The values of a card after a move from one column to another. */
export function movedValues(
  by: TaskGroupBy,
  card: Card,
  from: string | null,
  to: string | null,
  today: Day,
): TaskValues {
  switch (by) {
    case 'STATUS':
      return { status: to as Card['status'] };
    case 'PRIORITY':
      return { priority: to as Card['priority'] };
    case 'ASSIGNEE':
      return { assigneeId: to };
    case 'LABEL': {
      const others = card.labels.filter((label) => label !== from && label !== to);
      return { labels: to === null ? [] : [...others, to] };
    }
    case 'DUE_WEEK':
      return { dueOn: to === null ? null : sameWeekday(card.dueOn, to, today) };
    case 'DUE_DAY':
      return { dueOn: to };
  }
}

/** Of a card without a date: today in this week, otherwise the Monday. */
function sameWeekday(dueOn: Day | null, monday: Day, today: Day): Day {
  const day = dueOn ?? (mondayOf(today) === monday ? today : monday);
  const weekday = (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7;
  return dayAfter(monday, weekday);
}
