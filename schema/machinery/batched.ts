import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../../server/graphql/context.ts';

type Load<Key, Value> = (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>;

const loaders = new WeakMap<Context, Map<string, DataLoader<unknown, unknown>>>();

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
  const ofOperation = loaders.get(context) ?? new Map<string, DataLoader<unknown, unknown>>();
  loaders.set(context, ofOperation);
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
