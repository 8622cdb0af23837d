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
 * Loads for one parent what the same field loads for its siblings too: all of them wait for one call of `load`,
 * so that a list costs what one parent does. Nothing is remembered after it. Call Pothos' `queryFromInfo` for each
 * parent and ahead of it: by that call Pothos knows that the parent's rows have what is selected.
 */
export async function batched<Key, Value>(
  context: Context,
  info: GraphQLResolveInfo,
  key: Key,
  load: Load<Key, Value>,
): Promise<Value | undefined> {
  const ofOperation = ofOperations.get(context) ?? new Map<string, DataLoader<unknown, unknown>>();
  ofOperations.set(context, ofOperation);
  const place = placeOf(info);
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

/** The field's place in the answer, whichever rows of lists lead there: one place, one selection. */
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
  const known =
    ofSubscriptions.get(db) ?? new LRUCache<string, Loader>({ max: BOUNDS['subscription loaders'].most });
  if (!ofSubscriptions.has(db)) keep('subscription loaders', known, ({ size }) => size);
  ofSubscriptions.set(db, known);
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
