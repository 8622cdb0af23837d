import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import type { Message, Task } from '../../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../../server/bounds.ts';
import type { Database } from '../../server/database/client.ts';
import { retryUnavailable } from '../../server/database/retry.ts';
import { placement } from '../../server/policy.ts';
import type { Context } from '../../server/graphql/context.ts';
import { sees } from '../task-rights.ts';

/** What is to be read of a row, in Prisma's words. */
interface Selection {
  select?: object | undefined;
}

type Loader = DataLoader<string, { id: string } | null>;

const loaders = new WeakMap<Database, LRUCache<string, Loader>>();

/**
 * Reads a task for a subscription: all subscriptions that are told of one event and select the same share one
 * statement, and the policy decides for each of them by what was read. Waits out a database that is away for a
 * while, since an event is told once.
 */
export async function sharedTask(context: Context, id: string, { select }: Selection): Promise<Task | null> {
  const { db } = context;
  const query = { select: { ...select, ...placement } };
  const read = (ids: readonly string[]) =>
    db.task.findMany({ ...query, relationLoadStrategy: 'join', where: { id: { in: [...ids] } } });
  const task = (await loaderOf(db, 'task', query, read).load(id)) as Task | null;
  return task && (await context.asks((requester) => sees(requester, task))) ? task : null;
}

/** The same for a message of a conversation that its reader is known to take part in. */
export async function sharedMessage(
  db: Database,
  conversationId: string,
  id: string,
  { select }: Selection,
): Promise<Message | null> {
  const query = { select: { ...select, id: true, conversationId: true } };
  const read = (ids: readonly string[]) =>
    db.message.findMany({ ...query, relationLoadStrategy: 'join', where: { id: { in: [...ids] } } });
  const message = (await loaderOf(db, 'message', query, read).load(id)) as Message | null;
  return message?.conversationId === conversationId ? message : null;
}

function loaderOf(
  db: Database,
  type: string,
  query: object,
  read: (ids: readonly string[]) => Promise<{ id: string }[]>,
): Loader {
  const known = loaders.get(db) ?? new LRUCache<string, Loader>({ max: BOUNDS['subscription loaders'].most });
  if (!loaders.has(db)) keep('subscription loaders', known, ({ size }) => size);
  loaders.set(db, known);
  const way = `${type} ${JSON.stringify(query)}`;
  const loader =
    known.get(way) ??
    new DataLoader<string, { id: string } | null>(
      async (ids) => {
        const rows = new Map(
          (await retryUnavailable(() => read([...new Set(ids)]))).map((row) => [row.id, row]),
        );
        return ids.map((id) => rows.get(id) ?? null);
      },
      // What was read for one event is old for the next.
      { cache: false },
    );
  known.set(way, loader);
  return loader;
}
