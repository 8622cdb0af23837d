import type { Task, TaskStatus } from '../../prisma/generated/client/client.ts';
import type { Database } from '../../server/database/client.ts';
import type { NewEvent } from '../../server/log/catalogue.ts';
import { taskChanged, taskCreated } from '../../server/log/task-event.ts';
import { newId } from '../../server/ids.ts';
import { dice } from './dice.ts';

const DAY_MS = 86_400_000;

/** Statuses of a task over time: the first entry creates it, and null deletes it. */
export type Life = { at: number; status: TaskStatus | null }[];

/** Writes a task's history as the verbs would have written it on those days. */
export async function plantLife(
  db: Database,
  ownerId: string,
  teamId: string | null,
  life: Life,
): Promise<void> {
  const actor = { userId: ownerId };
  const events: (NewEvent<'task.created' | 'task.updated' | 'task.deleted'> & { at: Date })[] = [];
  let task = null as Task | null;
  for (const { at: time, status } of life) {
    const at = new Date(time);
    const before: Task | null = task;
    if (before && status === null) {
      events.push({ ...taskChanged('task.deleted', actor, before, null), at });
      task = null;
    } else if (status !== null) {
      const row: Task = before ?? {
        ...{
          id: newId(),
          title: 'Tea',
          description: '',
          priority: 'NONE',
          dueOn: null,
          labels: [],
          position: 'a0',
        },
        ...{ ownerId, assigneeId: null, teamId, parentId: null },
        ...{
          startedAt: null,
          completedAt: null,
          archivedAt: null,
          version: 1,
          status,
          createdAt: at,
          updatedAt: at,
        },
      };
      const doneAt: Date | null =
        status !== 'DONE' ? null : before?.status === 'DONE' ? before.completedAt : at;
      const startedAt: Date | null = row.startedAt ?? (status === 'IN_PROGRESS' ? at : null);
      task = { ...row, status, startedAt, completedAt: doneAt };
      const event = before ? taskChanged('task.updated', actor, before, task) : taskCreated(actor, task, '');
      events.push({ ...event, at });
    }
  }
  await db.$transaction([
    ...(task ? [db.task.create({ data: task })] : []),
    db.event.createMany({
      data: events.map((event) => ({ ...event, data: JSON.parse(JSON.stringify(event.data)) as object })),
    }),
  ]);
}

/** Three months of work: most tasks are started and completed some days after they are added, fewer at the end. */
export async function plantMonths(db: Database, ownerId: string): Promise<void> {
  const { roll, happens } = dice(7);
  for (let ago = 88; ago > 0; ago -= 1) {
    for (let tasks = roll(4); tasks > 0; tasks -= 1) {
      const created = Date.now() - ago * DAY_MS + roll(DAY_MS);
      const begun = created + roll(6 * DAY_MS);
      const ended = begun + roll(8 * DAY_MS);
      const life: Life = [
        { at: created, status: 'TODO' },
        { at: begun, status: 'IN_PROGRESS' },
        { at: ended, status: happens(0.9) ? 'DONE' : 'CANCELLED' },
      ];
      await plantLife(
        db,
        ownerId,
        null,
        life.filter(({ at }) => at < Date.now()),
      );
    }
  }
}
