import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../../server/database/client.ts';
import type { Transaction } from '../../server/database/transaction.ts';
import { append } from '../../server/log/append.ts';
import { taskCreated } from '../../server/log/task-event.ts';

/** Inserts tasks into the database, with any dates, and with their events. */
export async function plantTasks(db: Database, tasks: Prisma.TaskCreateManyInput[]): Promise<void> {
  await db.$transaction((tx) => plantTasksIn(tx, tasks));
}

/** The same in an open transaction. */
export async function plantTasksIn(tx: Transaction, tasks: Prisma.TaskCreateManyInput[]): Promise<void> {
  const made = await tx.task.createManyAndReturn({ data: tasks });
  await append(tx, ...made.map((task) => taskCreated({ userId: task.ownerId }, task, '')));
}
