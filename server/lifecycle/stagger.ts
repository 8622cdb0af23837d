import { setTimeout as sleep } from 'node:timers/promises';

const APART_MS = 4;
const SPREAD_MS = 5_000;

/** Sends many away one after the other, so that those who come back do not all come at once. Resolves when all have left. */
export async function stagger<Item>(
  items: readonly Item[],
  leave: (item: Item) => Promise<void> | void,
): Promise<void> {
  const apart = Math.min(APART_MS, SPREAD_MS / items.length);
  await Promise.all(
    items.map(async (item, place) => {
      await sleep(place * apart);
      await leave(item);
    }),
  );
}
