import type { SharePermission } from '../../prisma/generated/client/client.ts';
import { uuidOf } from '../../server/ids.ts';
import type { Person, World } from './world.ts';

export interface Share {
  from: Person;
  to: Person;
  /** VIEW when left out. */
  permission?: SharePermission;
  /** Never, when left out. */
  expiresAt?: Date;
}

/** Shares a task, as a row of the database. */
export async function share({ db }: World, task: string, { from, to, ...terms }: Share): Promise<void> {
  const taskId = uuidOf('Task', task);
  const sharedWithId = uuidOf('User', to.id);
  await db.taskShare.upsert({
    where: { taskId_sharedWithId: { taskId, sharedWithId } },
    create: { taskId, sharedWithId, sharedById: uuidOf('User', from.id), ...terms },
    update: terms,
  });
}
