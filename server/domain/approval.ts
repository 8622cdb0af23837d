import { z } from 'zod';
import type { Approval } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, joined, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { publicId } from '../ids.ts';
import { append, currentCursor } from '../log/append.ts';
import { through } from '../log/source.ts';
import { visible, type Person } from '../policy.ts';
import { lockApproval, lockTasks } from '../sql/locks.ts';
import { lockTrash } from '../sql/trash.ts';
import { viewerOf } from '../sql/viewer.ts';
import { verbNamed, type Outcome, type VerbServices } from './approval-verbs.ts';
import type { Change } from './change.ts';
import { limitOf } from './team-limit.ts';
import { idOf, parse } from './validation.ts';

/** The credential in use. */
export interface Holder extends Person {
  isBrowser: boolean;
  tokenId: string | null;
}

export interface Approved extends Change {
  /** Where the receiver of a share or invitation has to go. Not stored. */
  link: { path: string; secret: string } | null;
}

const reference = z.object({ id: idOf('Approval') });

/**
 * Makes the change that an agent asked for, exactly as it asked. Approving twice makes it once.
 * @throws Forbidden unless the person uses a browser; Conflict if it was refused, has expired or is stale.
 */
export async function approve(
  db: Database,
  holder: Holder,
  input: unknown,
  services: VerbServices,
): Promise<Approved> {
  const { id } = parse(reference, input);
  requireBrowser(holder);
  try {
    return await inTransaction(db, async (tx) => {
      const approval = await lockedApproval(tx, holder, id);
      if (approval.status === 'APPROVED') return { id, cursor: await currentCursor(tx), link: null };
      requirePending(approval);
      if (!(await isCurrent(tx, holder, approval))) throw new Stale('a task has changed');
      const { secret = null, ...result } = await made(tx, holder, approval, services);
      await decide(tx, id, { status: 'APPROVED', result: { ...result } });
      const path = verbNamed(approval.verb)?.linkPath;
      return {
        id,
        cursor: await append(tx, eventOf('approval.approved', holder, approval)),
        link: secret !== null && path !== undefined ? { path, secret } : null,
      };
    });
  } catch (error) {
    if (!(error instanceof Stale)) throw error;
    await markStale(db, holder, id);
    throw new Conflict(`This was not done: since it was asked for, ${error.message}.`);
  }
}

/** Refusing twice has no further effect. @throws Forbidden unless the person uses a browser. */
export async function refuse(db: Database, holder: Holder, input: unknown): Promise<Change> {
  const { id } = parse(reference, input);
  requireBrowser(holder);
  return inTransaction(db, async (tx) => {
    const approval = await lockedApproval(tx, holder, id);
    if (approval.status === 'REFUSED') return { id, cursor: await currentCursor(tx) };
    requirePending(approval);
    await decide(tx, id, { status: 'REFUSED' });
    return { id, cursor: await append(tx, eventOf('approval.refused', holder, approval)) };
  });
}

/** @throws Forbidden for all credentials that a program can hold. */
export function requireBrowser({ isBrowser, tokenId }: Holder): void {
  if (isBrowser) return;
  throw new Forbidden(
    'Only the person can decide this, signed in to the dashboard in a browser. Tokens cannot.',
    tokenId ?? undefined,
  );
}

/** Whether each task concerned is visible, with the version that it had. The tasks are locked. */
export async function versionsOf(
  tx: Transaction,
  person: Person,
  ids: readonly string[],
  isOfTrash = false,
): Promise<{ id: string; version: number }[]> {
  if (isOfTrash) {
    await lockTrash(tx, person, ids);
    const where = { id: { in: [...ids] }, AND: visible.trashedTask(person) };
    const rows = await tx.trashedTask.findMany({ where, orderBy: { id: 'asc' } });
    return rows.map(({ id, content }) => ({ id, version: (content as { version: number }).version }));
  }
  await lockTasks(tx, person, ids);
  const where = { id: { in: [...ids] }, AND: visible.task(await viewerOf(tx, person)) };
  return tx.task.findMany({ where, select: { id: true, version: true }, orderBy: { id: 'asc' } });
}

type Asked = Pick<Approval, 'id' | 'verb' | 'apiTokenId' | 'applicationId' | 'conversationId'>;

export function eventOf(
  kind: 'approval.requested' | 'approval.approved' | 'approval.refused',
  { userId }: Person,
  { id, verb, apiTokenId, applicationId, conversationId }: Asked,
) {
  const through =
    apiTokenId !== null
      ? publicId('ApiToken', apiTokenId)
      : applicationId !== null
        ? publicId('ConnectedApplication', applicationId)
        : publicId('Conversation', conversationId ?? '');
  return { kind, actorId: userId, subjectId: id, data: { verb, through } };
}

/** What the approval concerns, or the person's rights, changed. */
class Stale extends Error {
  override readonly name = 'Stale';
}

async function lockedApproval(tx: Transaction, person: Person, id: string): Promise<Approval> {
  await lockApproval(tx, person, id);
  const found = await tx.approval.findFirst({ where: { id, AND: visible.approval(person) } });
  if (!found) throw new NotFound('approval', id);
  return found;
}

function requirePending({ status, expiresAt }: Approval): void {
  if (status === 'REFUSED') throw new Conflict('This was refused, so it can no longer be approved.');
  if (status === 'APPROVED') throw new Conflict('This was approved, and is done.');
  if (status === 'STALE') throw new Conflict('This can no longer be done. The agent can ask again.');
  if (expiresAt <= new Date()) throw new Conflict('This has expired. The agent can ask again.');
}

async function isCurrent(tx: Transaction, person: Person, { verb, taskIds, taskVersions }: Approval) {
  if (taskIds.length === 0) return true;
  const tasks = await versionsOf(tx, person, taskIds, verbNamed(verb)?.isOfTrash);
  const now = new Map(tasks.map(({ id, version }) => [id, version]));
  return taskIds.every((id, index) => now.get(id) === taskVersions[index]);
}

async function made(tx: Transaction, person: Person, approval: Approval, services: VerbServices) {
  const verb = verbNamed(approval.verb);
  if (!verb) throw new Stale('this server was changed');
  try {
    const { id, runId } = approval;
    const source = runId === null ? null : { runId, approvalId: id };
    const agent = { userId: person.userId, limit: await limitOfAgent(tx, approval) };
    return await through(source, () => verb.run(joined(tx), agent, argumentsOf(approval), services));
  } catch (error) {
    if (isRefusal(error)) throw new Stale('your rights or the data have changed');
    throw error;
  }
}

/** As it is now, so that an approval does not widen what the agent may do. */
async function limitOfAgent(tx: Transaction, { apiTokenId, applicationId }: Approval) {
  // The assistant has the rights of its person.
  if (apiTokenId === null && applicationId === null) return null;
  const select = { id: true, isLimited: true } as const;
  const agent =
    apiTokenId === null
      ? await tx.connectedApplication.findUnique({ where: { id: applicationId ?? '' }, select })
      : await tx.apiToken.findUnique({ where: { id: apiTokenId }, select });
  if (!agent) throw new Stale('the agent has lost its access');
  return limitOf(tx, agent);
}

function isRefusal(error: unknown): boolean {
  return [NotFound, Forbidden, Conflict, ValidationFailed].some((kind) => error instanceof kind);
}

/** Moments are stored as text. */
function argumentsOf({ arguments: stored }: Approval): Record<string, unknown> {
  const given = stored as Record<string, unknown>;
  const { expiresAt } = given;
  return typeof expiresAt === 'string' ? { ...given, expiresAt: new Date(expiresAt) } : given;
}

interface Decision {
  status: 'APPROVED' | 'REFUSED' | 'STALE';
  result?: Omit<Outcome, 'secret'> & object;
}

async function decide(tx: Transaction, id: string, { status, result }: Decision): Promise<void> {
  const data = { status, decidedAt: new Date(), ...(result ? { result: { ...result } } : {}) };
  await tx.approval.update({ where: { id }, data, select: { id: true } });
}

async function markStale(db: Database, holder: Holder, id: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const approval = await lockedApproval(tx, holder, id);
    if (approval.status !== 'PENDING') return;
    await decide(tx, id, { status: 'STALE' });
    await append(tx, eventOf('approval.refused', holder, approval));
  });
}
