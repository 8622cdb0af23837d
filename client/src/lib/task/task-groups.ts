import { type Day, type Section, sectionOf, sections } from './due-day.ts';
import type { TaskView } from './task-view.ts';

interface Group<Task> {
  section: Section | 'all';
  tasks: readonly Task[];
  /** The number of rows before it. */
  start: number;
  /** Whether all tasks of the section are loaded. */
  isComplete: boolean;
}

/** By due date where the list is ordered by it; otherwise one group. */
export function groupsOf<Task extends { readonly dueOn: Day | null }>(
  nodes: readonly Task[],
  { view, today, hasMore }: { view: TaskView; today: Day; hasMore: boolean },
): Group<Task>[] {
  const isByDay = view.order === 'due' && view.show === 'open' && view.find === '';
  if (!isByDay) return [{ section: 'all', tasks: nodes, start: 0, isComplete: true }];
  // A task that was just changed can be in another section than its neighbours.
  const bySection = Object.groupBy(nodes, ({ dueOn }) => sectionOf(dueOn, today));
  let start = 0;
  const found = sections.flatMap((section): Group<Task>[] => {
    const tasks = bySection[section];
    if (!tasks) return [];
    start += tasks.length;
    return [{ section, tasks, start: start - tasks.length, isComplete: true }];
  });
  const last = found.at(-1);
  if (last && hasMore) last.isComplete = false;
  return found;
}
