import { setTimeout as sleep } from 'node:timers/promises';

const APART_MS = 4;
const SPREAD_MS = 5_000;

/** Disconnects items with delays, so that they do not all reconnect at once. Resolves when all have left. */
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
