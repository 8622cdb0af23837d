import { z } from 'zod';
import type { Event } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound, ValidationFailed, type TaskwireError } from '../errors.ts';
import { publicId } from '../ids.ts';
import { append, currentCursor } from '../log/append.ts';
import { taskIdOf, type EventKind } from '../log/catalogue.ts';
import { UNDONE_WITHIN_DAYS } from '../log/retention.ts';
import { requireSession, visible, type Holder, type Person } from '../policy.ts';
import { lockRun, lockTasks } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import type { Change } from './change.ts';
import { NEEDING_NO_UNDO, UNDO, type Plan, type UndoStep } from './undo-kinds.ts';
import { idOf, parse } from './validation.ts';

export const MOST_UNDONE = 500;
const MOST_LISTED = 20;
const DAY_MS = 24 * 60 * 60_000;

export interface Undone extends Change {
  /** Number of changes that were taken back. */
  undone: number;
}

const reference = z.object({ id: idOf('AgentRun') });

/**
 * What an undo would do. @throws NotFound; ValidationFailed if the run has more than 500 changes, or is too old.
 */
export async function undoPreview(db: Database, person: Person, input: unknown): Promise<UndoStep[]> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) =>
    stepsOf(await plansFor(tx, person, id, await changesOf(tx, person, id))),
  );
}

/**
 * Takes back what a run has changed, or nothing if anyone has built on one of its changes. What cannot be taken back
 * stays. Undoing again takes back what the run has changed since.
 * @throws Forbidden for tokens; Conflict with the conflicts; the errors of `undoPreview`.
 */
export async function undoRun(db: Database, holder: Holder, input: unknown): Promise<Undone> {
  const { id } = parse(reference, input);
  requireSession(holder, 'Only the person can undo what an agent did.');
  const { userId } = holder;
  return inTransaction(db, async (tx) => {
    await lockRun(tx, holder, id);
    const events = await changesOf(tx, holder, id);
    await lockTasks(tx, holder, [...new Set(events.flatMap((event) => taskIdOf(event) ?? []))]);
    const plans = await plansFor(tx, holder, id, events);
    const steps = stepsOf(plans);
    const conflicts = steps.filter(({ isConflict }) => isConflict);
    if (conflicts.length > 0) throw refusal(conflicts);
    const undone = steps.filter(({ problem }) => problem === null).length;
    if (undone === 0) return { id, undone, cursor: await currentCursor(tx) };
    for (const { run } of plans) await taken(run);
    await tx.agentRun.update({ where: { id }, data: { undoneAt: new Date() }, select: { id: true } });
    const event = { kind: 'run.undone', actorId: userId, subjectId: id, data: { changes: undone } } as const;
    return { id, undone, cursor: await append(tx, event) };
  });
}

function stepsOf(plans: readonly Plan[]): UndoStep[] {
  return plans.flatMap(({ steps }) => steps);
}

/** The events to take back, oldest first. */
async function changesOf(tx: Transaction, person: Person, runId: string): Promise<Event[]> {
  const run = await tx.agentRun.findFirst({ where: { id: runId, AND: visible.agentRun(person) } });
  if (!run) throw new NotFound('run', runId);
  if (run.startedAt.getTime() < Date.now() - UNDONE_WITHIN_DAYS * DAY_MS)
    throw new ValidationFailed(`A run can be undone for ${UNDONE_WITHIN_DAYS} days.`, { field: 'id' });
  const events = await tx.event.findMany({
    where: { runId, kind: { notIn: NEEDING_NO_UNDO } },
    orderBy: { sequence: 'asc' },
    take: MOST_UNDONE + 1,
  });
  if (events.length > MOST_UNDONE)
    throw new ValidationFailed(
      `This run made more than ${MOST_UNDONE} changes, which is the most that can be undone at once.`,
      { field: 'id' },
    );
  return events;
}

async function plansFor(
  tx: Transaction,
  person: Person,
  runId: string,
  events: readonly Event[],
): Promise<Plan[]> {
  const viewer = await viewerOf(tx, person);
  const undone = { tx, viewer, runId };
  const relevant = withoutPassing(events);
  const plans: Plan[] = [];
  // Kinds with the same undo are taken back together.
  for (const undo of new Set(Object.values(UNDO))) {
    const own = relevant.filter(({ kind }) => UNDO[kind as EventKind] === undo);
    if (undo && own.length > 0) plans.push(await undo(undone, own));
  }
  return plans;
}

/** Leaves out what goes with a task or a comment that the run itself created. */
function withoutPassing(events: readonly Event[]): Event[] {
  const made = (kind: EventKind) =>
    new Set(events.filter((event) => event.kind === kind).flatMap(({ subjectId }) => subjectId ?? []));
  const [tasks, comments] = [made('task.created'), made('comment.added')];
  return events.filter((event) => {
    if (tasks.has(taskIdOf(event) ?? '')) return event.kind === 'task.created';
    return event.kind === 'comment.added' || !comments.has(event.subjectId ?? '');
  });
}

/** @throws Conflict if the person's rights or the data no longer allow it. */
async function taken(run: Plan['run']): Promise<void> {
  try {
    await run();
  } catch (error) {
    const isRefusal = [NotFound, Forbidden, Conflict, ValidationFailed].some((kind) => error instanceof kind);
    if (!isRefusal) throw error;
    throw new Conflict(
      `Nothing was undone. One of the changes cannot be taken back: ${(error as TaskwireError).message}`,
    );
  }
}

function refusal(conflicts: readonly UndoStep[]): Conflict {
  const listed = conflicts.slice(0, MOST_LISTED).map(({ event, fields, problem }) => {
    const taskId = taskIdOf(event);
    return { taskId: taskId && publicId('Task', taskId), fields, problem };
  });
  const changes =
    conflicts.length === 1 ? 'One of its changes was' : `${conflicts.length} of its changes were`;
  return new Conflict(
    `Nothing was undone. ${changes} built on since. Look at \`conflicts\`, and take back the rest by hand.`,
    { conflicts: listed },
  );
}
