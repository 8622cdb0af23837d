import type { SharePermission } from '../../prisma/generated/client/client.ts';
import { uuidOf } from '../../server/ids.ts';
import type { Person, World } from './world.ts';

export interface Share {
  from: Person;
  to: Person;
  /** Default: VIEW. */
  permission?: SharePermission;
  /** Default: never. */
  expiresAt?: Date;
}

type Terms = Omit<Share, 'from' | 'to'>;

/**
 * Shares a task by address; a receiver outside the sender's teams accepts the offer by its link.
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

/** Shares a task by address; people outside common teams have to accept it. */
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

/** The secret in an offer's link. */
export function secretOf(link: string | null): string {
  return link?.split('#')[1] ?? '';
}

/** Shares a task by inserting a row. */
export async function share({ db }: World, task: string, { from, to, ...terms }: Share): Promise<void> {
  const taskId = uuidOf('Task', task);
  const sharedWithId = uuidOf('User', to.id);
  await db.taskShare.upsert({
    where: { taskId_sharedWithId: { taskId, sharedWithId } },
    create: { taskId, sharedWithId, sharedById: uuidOf('User', from.id), ...terms },
    update: terms,
  });
}
