import type { Task } from '../../prisma/generated/client/client.ts';

/** What counters and history must know of a task: where it counts, and as what. */
export interface TaskFacts {
  owner: string;
  status: Task['status'];
  priority: Task['priority'];
  /** The day as `YYYY-MM-DD`. */
  dueOn: string | null;
}

/** A created task has no `before`, a deleted one no `after`. */
export interface TaskEventData {
  before: TaskFacts | null;
  after: TaskFacts | null;
}

type Counted = Pick<Task, 'ownerId' | 'status' | 'priority' | 'dueOn'>;

/** The data of an event that turned `before` into `after`. */
export function taskEventData(before: Counted | null, after: Counted | null): TaskEventData {
  return { before: before && facts(before), after: after && facts(after) };
}

function facts({ ownerId, status, priority, dueOn }: Counted): TaskFacts {
  return { owner: ownerId, status, priority, dueOn: dueOn?.toISOString().slice(0, 10) ?? null };
}
