import DataLoader from 'dataloader';
import type { Context } from '../../server/graphql/context.ts';
import type { Database } from '../../server/database/client.ts';
import type { GraphQLResolveInfo } from 'graphql';
import type { Message, Task } from '../../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../../server/bounds.ts';
import { LRUCache } from 'lru-cache';
import { placement } from '../../server/policy.ts';
import { retryUnavailable } from '../../server/database/retry.ts';
import { sees } from '../task-rights.ts';

type Load<Key, Value> = (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>;

const ofOperations = new WeakMap<Context, Map<string, DataLoader<unknown, unknown>>>();

/**
 * Batches the loads of one field for all its parents in a list into one call of `load`. Nothing is cached.
 * Call Pothos' `queryFromInfo` for each parent first: it marks the selection of the parent's rows as loaded.
 * @param part what is loaded, if the field loads several things.
 */
export async function batched<Key, Value>(
  context: Context,
  info: GraphQLResolveInfo,
  key: Key,
  load: Load<Key, Value>,
  part = '',
): Promise<Value | undefined> {
  const ofOperation = ofOperations.get(context) ?? new Map<string, DataLoader<unknown, unknown>>();
  ofOperations.set(context, ofOperation);
  const place = placeOf(info) + part;
  const loader =
    (ofOperation.get(place) as DataLoader<Key, Value | undefined> | undefined) ??
    new DataLoader<Key, Value | undefined>(
      async (keys) => {
        const found = await load([...new Set(keys)]);
        return keys.map((wanted) => found.get(wanted));
      },
      { cache: false },
    );
  ofOperation.set(place, loader);
  return loader.load(key);
}

/** The response path without list indexes, which has one selection. */
function placeOf({ path, parentType }: GraphQLResolveInfo): string {
  const keys: string[] = [parentType.name];
  for (let step: typeof path | undefined = path; step; step = step.prev) {
    if (typeof step.key === 'string') keys.push(step.key);
  }
  return keys.join();
}

/** What is to be read of a row, in Prisma's words. */
interface Selection {
  select?: object | undefined;
}

type Loader = DataLoader<string, { id: string } | null>;

const ofSubscriptions = new WeakMap<Database, LRUCache<string, Loader>>();

/**
 * Loads a task for a subscription. Subscriptions to the same event with the same selection share one
 * statement; the policy is applied per subscriber. Retries while the database is unavailable, since each
 * event is delivered once.
 */
export async function sharedTask(context: Context, id: string, { select }: Selection): Promise<Task | null> {
  const { db } = context;
  const query = { select: { ...select, ...placement } };
  const read = (ids: readonly string[]) =>
    db.task.findMany({ ...query, relationLoadStrategy: 'join', where: { id: { in: [...ids] } } });
  const task = (await loaderOf(db, 'task', query, read).load(id)) as Task | null;
  return task && (await context.asks((requester) => sees(requester, task))) ? task : null;
}

/**
 * Loads a message for a subscription, as `sharedTask` does. The caller has checked that the subscriber is a
 * participant.
 */
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
  const known =
    ofSubscriptions.get(db) ?? new LRUCache<string, Loader>({ max: BOUNDS['subscription loaders'].most });
  if (!ofSubscriptions.has(db)) keep('subscription loaders', known, ({ size }) => size);
  ofSubscriptions.set(db, known);
  const key = `${type} ${JSON.stringify(query)}`;
  const loader =
    known.get(key) ??
    new DataLoader<string, { id: string } | null>(
      async (ids) => {
        const rows = new Map(
          (await retryUnavailable(() => read([...new Set(ids)]))).map((row) => [row.id, row]),
        );
        return ids.map((id) => rows.get(id) ?? null);
      },
      // The next event needs fresh rows.
      { cache: false },
    );
  known.set(key, loader);
  return loader;
}
