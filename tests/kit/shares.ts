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

type Terms = Omit<Share, 'from' | 'to'>;

/**
 * Shares a task as people do: by address, and a receiver in no team of the sender accepts the offer by its link.
 * @returns the share's id.
 */
export async function giveShare(
  from: Person,
  to: Person,
  taskId: string,
  terms: Terms = {},
): Promise<string> {
  const { share, link } = await offerShare(from, to.email, taskId, terms);
  return share?.id ?? acceptShare(to, { secret: secretOf(link) });
}

export interface Sharing {
  share: { id: string } | null;
  offer: { id: string } | null;
  link: string | null;
}

/** Shares a task by address; a person of no team in common has to accept it yet. */
export async function offerShare(
  from: Person,
  email: string,
  taskId: string,
  terms: Terms = {},
): Promise<Sharing> {
  const { shareTask } = await from.query<{ shareTask: Sharing }>(
    'mutation ($input: ShareTaskInput!) { shareTask(input: $input) { share { id } offer { id } link } }',
    { input: { taskId, email, ...terms } },
  );
  return shareTask;
}

/** @returns the share's id. */
export async function acceptShare(
  person: Person,
  reference: { id: string } | { secret: string },
): Promise<string> {
  const { acceptShare } = await person.query<{ acceptShare: { share: { id: string } } }>(
    'mutation ($input: AcceptShareInput!) { acceptShare(input: $input) { share { id } } }',
    { input: reference },
  );
  return acceptShare.share.id;
}

/** The secret of an offer's link. */
export function secretOf(link: string | null): string {
  return link?.split('#')[1] ?? '';
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
