import { isDeepStrictEqual } from 'node:util';
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import type { Transaction } from '../database/transaction.ts';
import { NotFound, ValidationFailed } from '../errors.ts';
import { visible, type Viewer } from '../policy.ts';
import { lockTasks } from '../sql/locks.ts';
import { neighboursOf, type Place } from '../sql/neighbours.ts';
import { writePositions } from '../sql/write-tasks.ts';

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** In a key of fractional indexing, "g" says that seven digits follow; those hold milliseconds until the year 2081. */
const SEVEN_DIGITS = 'g';
/** A key beyond this many characters makes its neighbours be spaced again. */
const LONGEST_KEY = 48;
/** What spacing again aims at, so that many moves fit before the next time. */
const COMFORTABLE_KEY = 24;
/** How many neighbours on either side may be spaced again at once. */
const WIDEST = 128;
/** How often a place is read again that others change at the same time. */
const TRIES = 3;

/**
 * A position behind every task that was created before, without a look at any of them.
 * `index` tells apart tasks that are created together.
 */
export function endOfList(now: Date, index = 0): string {
  let digits = '';
  let rest = now.getTime();
  for (let i = 0; i < 7; i++) {
    digits = BASE_62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return SEVEN_DIGITS + digits + (index === 0 ? '' : fraction(index));
}

/** Grows with the index; ends in a digit other than zero, as a fraction must. */
function fraction(index: number): string {
  return `${BASE_62.charAt(Math.floor(index / 62))}${BASE_62.charAt(index % 62)}V`;
}

/** Behind all tasks of one position. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Where a task goes: right behind one task, right ahead of another, or between the two. */
interface Target {
  after: string | null;
  before: string | null;
}

/**
 * The position that puts a task where the viewer wants it. It holds the task and the neighbours of its place until the
 * transaction ends. Neighbours whose keys leave no room get new ones in the same transaction; their order stays.
 * @returns null where the task stands there already.
 * @throws NotFound, or ValidationFailed where both neighbours are null or in the wrong order.
 */
export async function positionFor(
  tx: Transaction,
  viewer: Viewer,
  id: string,
  { after, before }: Target,
): Promise<string | null> {
  if (after === null && before === null) {
    throw new ValidationFailed('Give `after`, `before` or both.', { field: 'after' });
  }
  const named = [after, before].filter((neighbour) => neighbour !== null);
  if (named.includes(id)) return null;
  await lockTasks(tx, viewer, [id, ...named]);
  const places = await placesOf(tx, viewer, [id, ...named]);
  const missing = named.find((neighbour) => !places.has(neighbour));
  if (missing !== undefined) throw new NotFound('task', missing);

  const gap = await heldGap(tx, viewer, id, {
    lower: after === null ? null : (places.get(after) ?? null),
    upper: before === null ? null : (places.get(before) ?? null),
  });
  const own = places.get(id);
  if (own && isBehind(own, gap.lower) && isBehind(gap.upper, own)) return null;
  return keyIn(gap) ?? respaced(tx, viewer, id, gap);
}

interface Gap {
  /** Null at the beginning of the list. */
  lower: Place | null;
  /** Null at its end. */
  upper: Place | null;
}

/**
 * The gap that a task goes into: the side that is not given is the next task that the viewer sees. It is read again
 * once that one is held, because another move may have come between.
 */
async function heldGap(tx: Transaction, viewer: Viewer, id: string, { lower, upper }: Gap): Promise<Gap> {
  if (lower && upper) {
    if (isBehind(upper, lower)) return { lower, upper };
    throw new ValidationFailed('`after` must come before `before` in this list.', { field: 'after' });
  }
  const [from, direction] = lower ? ([lower, 'asc'] as const) : ([upper, 'desc'] as const);
  const next = async () =>
    from ? ((await neighboursOf(tx, viewer, id, from, direction, 1))[0] ?? null) : null;
  let found = await next();
  for (let tries = 0; found && tries < TRIES; tries += 1) {
    await lockTasks(tx, viewer, [found.id]);
    const again = await next();
    if (isDeepStrictEqual(again, found)) break;
    found = again;
  }
  return lower ? { lower, upper: found } : { lower: found, upper };
}

/** Whether one place comes after another; null stands for the end of the list on that side. */
function isBehind(place: Place | null, other: Place | null): boolean {
  if (!place || !other) return true;
  return place.position === other.position ? place.id > other.id : place.position > other.position;
}

/** A key in a gap; null where there is no room for one that is short enough. */
function keyIn({ lower, upper }: Gap): string | null {
  if (lower && upper && lower.position >= upper.position) return null;
  const key = generateKeyBetween(lower?.position ?? null, upper?.position ?? null);
  return key.length > LONGEST_KEY ? null : key;
}

/** Gives the tasks around a gap new keys, as few as it takes, and returns the key between them. */
async function respaced(tx: Transaction, viewer: Viewer, id: string, gap: Gap): Promise<string> {
  const { below, above } = await heldNeighbours(tx, viewer, id, gap);
  for (let width = 1; ; width *= 2) {
    const isWidest = width >= WIDEST;
    const [left, right] = [below.slice(0, width).reverse(), above.slice(0, width)];
    const [from, to] = [below[width]?.position ?? null, above[width]?.position ?? null];
    const hasNoRoom = from !== null && to !== null && from >= to;
    if (hasNoRoom && !isWidest) continue;
    // Where all of them have one key, the place is behind them all.
    const end = hasNoRoom ? await firstBeyond(tx, viewer, id, from) : to;
    const keys = generateNKeysBetween(from, end, left.length + 1 + right.length);
    if (!isWidest && keys.some((key) => key.length > COMFORTABLE_KEY)) continue;
    const [own = ''] = keys.splice(left.length, 1);
    const moved = [...left, ...right].map((place, i) => ({ id: place.id, position: keys[i] ?? '' }));
    await writePositions(tx, moved);
    return own;
  }
}

/** The tasks on both sides of a gap, the nearest first, held and read again until nothing came between. */
async function heldNeighbours(tx: Transaction, viewer: Viewer, id: string, { lower, upper }: Gap) {
  const around = async () => ({
    below: lower ? [lower, ...(await neighboursOf(tx, viewer, id, lower, 'desc', WIDEST))] : [],
    above: upper ? [upper, ...(await neighboursOf(tx, viewer, id, upper, 'asc', WIDEST))] : [],
  });
  let found = await around();
  for (let tries = 0; tries < TRIES; tries += 1) {
    await lockTasks(
      tx,
      viewer,
      [...found.below, ...found.above].map((place) => place.id),
    );
    const again = await around();
    if (isDeepStrictEqual(again, found)) break;
    found = again;
  }
  return found;
}

/** The first position behind a given one. */
async function firstBeyond(
  tx: Transaction,
  viewer: Viewer,
  id: string,
  position: string,
): Promise<string | null> {
  const [next] = await neighboursOf(tx, viewer, id, { position, id: LAST_ID }, 'asc', 1);
  return next?.position ?? null;
}

async function placesOf(
  tx: Transaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Map<string, Place>> {
  const where = { id: { in: [...ids] }, AND: visible.task(viewer) };
  const found = await tx.task.findMany({ where, select: { id: true, position: true } });
  return new Map(found.map((place) => [place.id, place]));
}
