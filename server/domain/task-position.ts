import { generateKeyBetween } from 'fractional-indexing';
import type { Transaction } from '../database/transaction.ts';
import { NotFound, ValidationFailed } from '../errors.ts';
import { visible, type Viewer } from '../policy.ts';

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** In a key of fractional indexing, "g" says that seven digits follow; those hold milliseconds until the year 2081. */
const SEVEN_DIGITS = 'g';

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

/**
 * A position right behind one task and right ahead of another, where either may be null.
 * @throws NotFound, or ValidationFailed where both are null or stand the other way round.
 */
export async function positionBetween(
  tx: Transaction,
  viewer: Viewer,
  after: string | null,
  before: string | null,
): Promise<string> {
  const lower = after === null ? null : await positionOf(tx, viewer, after);
  const upper = before === null ? null : await positionOf(tx, viewer, before);
  if (lower !== null && upper !== null) {
    if (lower < upper) return generateKeyBetween(lower, upper);
    // Two that were created in the same millisecond have no place between them.
    if (lower === upper) return generateKeyBetween(lower, await neighbour(tx, viewer, { gt: lower }, 'asc'));
    throw new ValidationFailed('The task to go behind stands behind the task to go ahead of.', {
      field: 'after',
    });
  }
  if (lower !== null) return generateKeyBetween(lower, await neighbour(tx, viewer, { gt: lower }, 'asc'));
  if (upper !== null) return generateKeyBetween(await neighbour(tx, viewer, { lt: upper }, 'desc'), upper);
  throw new ValidationFailed('Say which task to go behind, or which to go ahead of.', { field: 'after' });
}

async function positionOf(tx: Transaction, viewer: Viewer, id: string): Promise<string> {
  const task = await tx.task.findFirst({
    where: { id, AND: visible.task(viewer) },
    select: { position: true },
  });
  if (!task) throw new NotFound('task', id);
  return task.position;
}

async function neighbour(
  tx: Transaction,
  viewer: Viewer,
  position: { gt: string } | { lt: string },
  direction: 'asc' | 'desc',
): Promise<string | null> {
  const next = await tx.task.findFirst({
    where: { position, AND: visible.task(viewer) },
    orderBy: { position: direction },
    select: { position: true },
  });
  return next?.position ?? null;
}
