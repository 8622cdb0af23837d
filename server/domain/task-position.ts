import { isDeepStrictEqual } from 'node:util';
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import type { Transaction } from '../database/transaction.ts';
import { NotFound, ValidationFailed } from '../errors.ts';
import { visible, type Viewer } from '../policy.ts';
import { lockTasks } from '../sql/locks.ts';
import { neighboursOf, type Place } from '../sql/neighbours.ts';
import { writePositions } from '../sql/write-tasks.ts';

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** In fractional indexing keys, "g" means that seven digits follow. They hold milliseconds until the year 2081. */
const SEVEN_DIGITS = 'g';
/** Longer keys make the neighbours be rebalanced. */
const LONGEST_KEY = 48;
/** Target length for rebalancing, which leaves room for many moves. */
const COMFORTABLE_KEY = 24;
const WIDEST = 128;
const TRIES = 3;

/** After all existing tasks, without reading them. `index` orders tasks that are created together. */
export function endOfList(now: Date, index = 0): string {
  let digits = '';
  let rest = now.getTime();
  for (let i = 0; i < 7; i++) {
    digits = BASE_62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return SEVEN_DIGITS + digits + (index === 0 ? '' : fraction(index));
}

/** Increases with the index. Must not end in zero. */
function fraction(index: number): string {
  return `${BASE_62.charAt(Math.floor(index / 62))}${BASE_62.charAt(index % 62)}V`;
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

interface Target {
  after: string | null;
  before: string | null;
}

/**
 * The position between the given neighbours. Locks the task and its new neighbours. If there is no room, the
 * neighbours are rebalanced in the same transaction; their order stays.
 * @returns null if the task is already there.
 * @throws NotFound, or ValidationFailed if both neighbours are null or in the wrong order.
 */
export async function positionFor(
  tx: Transaction,
  viewer: Viewer,
  id: string,
  { after, before }: Target,
): Promise<string | null> {
  if (after === null && before === null) {
    throw new ValidationFailed('Specify `after`, `before` or both.', { field: 'after' });
  }
  const named = [after, before].filter((neighbour) => neighbour !== null);
  if (named.includes(id)) return null;
  await lockTasks(tx, viewer.person, [id, ...named]);
  const places = await placesOf(tx, viewer, [id, ...named]);
  const missing = named.find((neighbour) => !places.has(neighbour));
  if (missing !== undefined) throw new NotFound('task', missing);

  const gap = await heldGap(tx, viewer, id, {
    lower: after === null ? null : (places.get(after) ?? null),
    upper: before === null ? null : (places.get(before) ?? null),
  });
  const own = places.get(id);
  if (own && isBehind(own, gap.lower) && isBehind(gap.upper, own)) return null;
  return keyIn(gap) ?? rebalance(tx, viewer, id, gap);
}

interface Gap {
  lower: Place | null;
  upper: Place | null;
}

/** The missing side is the next visible task, read again after locking since another move can intervene. */
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
    await lockTasks(tx, viewer.person, [found.id]);
    const again = await next();
    if (isDeepStrictEqual(again, found)) break;
    found = again;
  }
  return lower ? { lower, upper: found } : { lower: found, upper };
}

/** Null is the end of the list on that side. */
function isBehind(place: Place | null, other: Place | null): boolean {
  if (!place || !other) return true;
  return place.position === other.position ? place.id > other.id : place.position > other.position;
}

function keyIn({ lower, upper }: Gap): string | null {
  if (lower && upper && lower.position >= upper.position) return null;
  const key = generateKeyBetween(lower?.position ?? null, upper?.position ?? null);
  return key.length > LONGEST_KEY ? null : key;
}

/** Rebalances as few tasks around the gap as possible, and returns the key in the gap. */
async function rebalance(tx: Transaction, viewer: Viewer, id: string, gap: Gap): Promise<string> {
  const { below, above } = await heldNeighbours(tx, viewer, id, gap);
  for (let width = 1; ; width *= 2) {
    const isWidest = width >= WIDEST;
    const [left, right] = [below.slice(0, width).reverse(), above.slice(0, width)];
    const [from, to] = [below[width]?.position ?? null, above[width]?.position ?? null];
    const hasNoRoom = from !== null && to !== null && from >= to;
    if (hasNoRoom && !isWidest) continue;
    // If all keys are equal, the new position is after all of them.
    const end = hasNoRoom ? await firstBeyond(tx, viewer, id, from) : to;
    const keys = generateNKeysBetween(from, end, left.length + 1 + right.length);
    if (!isWidest && keys.some((key) => key.length > COMFORTABLE_KEY)) continue;
    const [own = ''] = keys.splice(left.length, 1);
    const moved = [...left, ...right].map((place, i) => ({ id: place.id, position: keys[i] ?? '' }));
    await writePositions(tx, moved);
    return own;
  }
}

/** The tasks around a gap, nearest first. Locks them, and reads again until they are stable. */
async function heldNeighbours(tx: Transaction, viewer: Viewer, id: string, { lower, upper }: Gap) {
  const around = async () => ({
    below: lower ? [lower, ...(await neighboursOf(tx, viewer, id, lower, 'desc', WIDEST))] : [],
    above: upper ? [upper, ...(await neighboursOf(tx, viewer, id, upper, 'asc', WIDEST))] : [],
  });
  let found = await around();
  for (let tries = 0; tries < TRIES; tries += 1) {
    await lockTasks(
      tx,
      viewer.person,
      [...found.below, ...found.above].map((place) => place.id),
    );
    const again = await around();
    if (isDeepStrictEqual(again, found)) break;
    found = again;
  }
  return found;
}

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
