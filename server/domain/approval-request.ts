import type { Approval, EventSourceKind } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, joined } from '../database/transaction.ts';
import { Conflict, ConfirmationRequired, Forbidden, ValidationFailed } from '../errors.ts';
import { newId, publicId } from '../ids.ts';
import { append } from '../log/append.ts';
import { fingerprintOf } from '../log/idempotency.ts';
import { currentSource } from '../log/source.ts';
import type { Person } from '../policy.ts';
import { lockUser } from '../sql/locks.ts';
import { eventOf, versionsOf } from './approval.ts';
import { verbNamed, type Input, type Outcome, type VerbServices } from './approval-verbs.ts';

export const APPROVAL_MINUTES = 10;
export const MOST_APPROVALS = 20;
const LONGEST_ARGUMENTS = 16_000;

/** The credential of an agent. */
interface Agent extends Person {
  tokenId: string;
  through: EventSourceKind;
}

interface Asked {
  verb: string;
  input: Input;
}

export interface AskServices extends VerbServices {
  /** The address of the dashboard. */
  origin: string;
}

interface Tried {
  outcome: Outcome;
  tasks: { id: string; version: number }[];
}

/**
 * For a change that an agent asks for: tries it without effect, so that the agent gets the errors of the change itself,
 * and stores it as a pending approval. The same request within ten minutes has the same approval.
 * @returns the outcome, if it is done already; null if the person lets this agent do it.
 * @throws ConfirmationRequired; Forbidden if the person has just refused it; Conflict at 20 pending approvals.
 */
export async function askForApproval(
  db: Database,
  agent: Agent,
  { verb, input }: Asked,
  services: AskServices,
): Promise<Outcome | null> {
  const named = verbNamed(verb);
  if (!named) throw new TypeError(`${verb} needs no approval`);
  if (named.isDeletionOfTasks && (await mayDelete(db, agent))) return null;
  const stored = JSON.stringify(input);
  const fingerprint = fingerprintOf({ verb, stored, of: agent.tokenId });
  const earlier = await answered(db, agent, fingerprint);
  if (earlier) return earlier;

  const { outcome, tasks } = await tried(db, agent, { verb, input }, services);
  const concernsTasks = named.tasks !== undefined;
  // The person has deleted all of them, or removed what the request is about.
  if (concernsTasks && tasks.length === 0) return outcome;
  if (stored.length > LONGEST_ARGUMENTS)
    throw new ValidationFailed('This request is too long to be approved. Ask for fewer changes at once.');

  const { id, expiresAt } = await inTransaction(db, async (tx) => {
    await lockUser(tx, agent.userId);
    const now = new Date();
    const pending = { userId: agent.userId, status: 'PENDING', expiresAt: { gt: now } } as const;
    const same = await tx.approval.findFirst({ where: { ...pending, fingerprint } });
    if (same && isSame(same, tasks)) return same;
    if (same) await tx.approval.update({ where: { id: same.id }, data: { status: 'STALE', decidedAt: now } });
    if ((await tx.approval.count({ where: pending })) >= MOST_APPROVALS)
      throw new Conflict(
        `${MOST_APPROVALS} changes already wait for the person’s approval. Ask them to decide, or wait ${APPROVAL_MINUTES} minutes.`,
      );
    const { through: kind, tokenId } = agent;
    const credential = {
      apiTokenId: kind === 'API_TOKEN' ? tokenId : null,
      applicationId: kind === 'APPLICATION' ? tokenId : null,
      conversationId: kind === 'ASSISTANT' ? tokenId : null,
    };
    const approval = {
      id: newId(),
      verb,
      ...credential,
      expiresAt: new Date(now.getTime() + APPROVAL_MINUTES * 60_000),
    };
    await tx.approval.create({
      data: {
        ...approval,
        userId: agent.userId,
        arguments: JSON.parse(stored) as object,
        taskIds: tasks.map((task) => task.id),
        taskVersions: tasks.map((task) => task.version),
        fingerprint,
        runId: currentSource()?.runId ?? null,
      },
      select: { id: true },
    });
    await append(tx, eventOf('approval.requested', agent, approval));
    return approval;
  });
  const approvalId = publicId('Approval', id);
  throw new ConfirmationRequired({
    approvalId,
    approvalUrl: `${services.origin}/approvals#${approvalId}`,
    expiresAt: expiresAt.toISOString(),
  });
}

/** The assistant always asks: its person is there to answer. */
async function mayDelete(db: Database, { tokenId, through: kind }: Agent): Promise<boolean> {
  if (kind === 'ASSISTANT') return false;
  const where = { id: tokenId, mayDeleteUntil: { gt: new Date() } };
  const count =
    kind === 'API_TOKEN' ? db.apiToken.count({ where }) : db.connectedApplication.count({ where });
  return (await count) > 0;
}

/** The outcome of the same request, if it was approved in the last ten minutes. */
async function answered(db: Database, { userId }: Person, fingerprint: string): Promise<Outcome | null> {
  const found = await db.approval.findFirst({
    where: { userId, fingerprint, status: { in: ['APPROVED', 'REFUSED'] }, expiresAt: { gt: new Date() } },
    orderBy: { id: 'desc' },
  });
  if (found?.status === 'REFUSED')
    throw new Forbidden(
      `The person has refused this. Ask them what they want instead; the same request is possible again after ${found.expiresAt.toISOString()}.`,
    );
  if (found && verbNamed(found.verb)?.isDeletionOfTasks && (await isRestored(db, found))) return null;
  // An invitation answers with its link, which is not stored.
  return found?.verb === 'inviteMember' ? null : ((found?.result ?? null) as Outcome | null);
}

async function isRestored(db: Database, { taskIds }: Approval): Promise<boolean> {
  return (await db.task.count({ where: { id: { in: taskIds } } })) > 0;
}

function isSame(approval: { taskVersions: number[] }, tasks: Tried['tasks']): boolean {
  return approval.taskVersions.join() === tasks.map(({ version }) => version).join();
}

/** Ends a transaction without effect. */
class RolledBack extends Error {
  override readonly name = 'RolledBack';
  readonly tried: Tried;

  constructor(tried: Tried) {
    super('rolled back');
    this.tried = tried;
  }
}

async function tried(db: Database, { userId, limit }: Agent, { verb, input }: Asked, services: VerbServices) {
  const named = verbNamed(verb);
  const person = { userId, limit };
  try {
    return await inTransaction(db, async (tx): Promise<Tried> => {
      const ids = (await named?.tasks?.(input, tx)) ?? [];
      const tasks = ids.length === 0 ? [] : await versionsOf(tx, person, ids, named?.isOfTrash);
      const outcome = await named?.run(joined(tx), person, input, services);
      throw new RolledBack({ outcome: outcome ?? { cursor: '' }, tasks });
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.tried;
    throw error;
  }
}
