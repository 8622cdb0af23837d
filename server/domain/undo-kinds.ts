import { isDeepStrictEqual } from 'node:util';
import type { Event } from '../../prisma/generated/client/client.ts';
import { joined, type Transaction } from '../database/transaction.ts';
import { publicId } from '../ids.ts';
import type { EventKind } from '../log/catalogue.ts';
import { visible, type Viewer } from '../policy.ts';
import { builtOn, parentsOfOthers } from '../sql/agent-runs.ts';
import { RESTORED } from '../sql/run-changes.ts';
import { deleteComment, updateComment } from './comment.ts';
import { revokeInvitation } from './invitation.ts';
import { changeRole } from './membership.ts';
import { revokeShare } from './share.ts';
import { revokeShareOffer } from './share-offer.ts';
import { seenTasks } from './seen-tasks.ts';
import { changeTasks, type ChangeRequest, type Changes } from './task-change.ts';
import { deleteTasks, LARGEST_DELETION, restoreTasks } from './trash.ts';

/** A change of a run, and what an undo does with it. */
export interface UndoStep {
  /** The last event of the change. */
  event: Event;
  /** Changed fields of a task. */
  fields: string[];
  /** Why it cannot be taken back, as a sentence. */
  problem: string | null;
  /** Whether the problem is that someone built on the change. Then the whole run stays as it is. */
  isConflict: boolean;
}

/** The run that is undone, in the transaction of the undo. */
export interface UndoneRun {
  tx: Transaction;
  viewer: Viewer;
  runId: string;
}

export interface Plan {
  steps: UndoStep[];
  /** Takes back the steps without a problem. */
  run: () => Promise<void>;
}

/**
 * Plans to take back the events of a kind, oldest first. Changes that are already taken back, or that the viewer can no
 * longer see, have no step.
 */
type Undo = (undone: UndoneRun, events: readonly Event[]) => Promise<Plan>;

type Attempt = (id: string) => Promise<unknown>;

const step = (event: Event, fields: string[] = []): UndoStep => ({
  event,
  fields,
  problem: null,
  isConflict: false,
});

const conflict = (event: Event, problem: string, fields: string[] = []): UndoStep => ({
  event,
  fields,
  problem,
  isConflict: true,
});

/** Takes back each step by its subject. */
function each(steps: UndoStep[], take: Attempt): Plan {
  return {
    steps,
    async run() {
      for (const { event, problem } of steps) if (problem === null) await take(event.subjectId ?? '');
    },
  };
}

const irreversible =
  (problem: string): Undo =>
  (_undone, events) =>
    Promise.resolve({
      steps: events.map((event) => ({ ...step(event), problem })),
      run: () => Promise.resolve(),
    });

const ids = (events: readonly Event[]) => events.flatMap(({ subjectId }) => subjectId ?? []);

const shareGiven: Undo = async ({ tx, viewer, runId }, events) => {
  const where = { id: { in: ids(events) }, AND: visible.share(viewer) };
  const found = await tx.taskShare.findMany({ where, select: { id: true } });
  const live = new Set(found.map(({ id }) => id));
  const changed = await builtOn(tx, runId, [...live], ['task.shareAccepted']);
  return each(
    events
      .filter(({ subjectId }) => live.has(subjectId ?? ''))
      .map((event) =>
        changed.has(event.subjectId ?? '')
          ? conflict(event, 'The terms of this share were changed since.')
          : step(event),
      ),
    (id) => revokeShare(joined(tx), viewer.person, { id: publicId('TaskShare', id) }),
  );
};

/** An accepted offer is a share with the same id. */
const shareOffered: Undo = async (undone, events) => {
  const { tx, viewer } = undone;
  const where = { id: { in: ids(events) }, AND: visible.shareOffer(viewer) };
  const found = await tx.shareOffer.findMany({ where, select: { id: true } });
  const open = new Set(found.map(({ id }) => id));
  const latest = new Map(events.map((event) => [event.subjectId, event]));
  const offers = each(
    [...latest.values()].filter((event) => open.has(event.subjectId ?? '')).map((event) => step(event)),
    (id) => revokeShareOffer(joined(tx), viewer.person, { id: publicId('ShareOffer', id) }),
  );
  const accepted = await shareGiven(undone, [...latest.values()]);
  return {
    steps: [...offers.steps, ...accepted.steps],
    async run() {
      await offers.run();
      await accepted.run();
    },
  };
};

const memberInvited: Undo = async ({ tx, viewer }, events) => {
  const latest = new Map(events.map((event) => [event.subjectId ?? '', event]));
  const open = await tx.teamInvitation.findMany({
    where: { id: { in: [...latest.keys()] }, AND: visible.invitation(viewer) },
    select: { id: true },
  });
  const joinedSince = await tx.event.findMany({
    where: {
      subjectId: { in: [...latest.keys()] },
      kind: 'team.memberJoined',
      teamId: { in: [...viewer.teams.keys()] },
    },
    select: { subjectId: true },
  });
  const steps = [
    ...open.flatMap(({ id }) => latest.get(id) ?? []).map((event) => step(event)),
    ...joinedSince
      .flatMap(({ subjectId }) => latest.get(subjectId ?? '') ?? [])
      .map((event) => ({
        ...step(event),
        problem: 'The person has joined the team. Remove them on the page of the team.',
      })),
  ];
  return each(steps, (id) =>
    revokeInvitation(joined(tx), viewer.person, { id: publicId('TeamInvitation', id) }),
  );
};

const roleChanged: Undo = async ({ tx, viewer }, events) => {
  const byMember = Map.groupBy(events, ({ subjectId }) => subjectId ?? '');
  const where = { id: { in: [...byMember.keys()] }, AND: visible.membership(viewer) };
  const members = await tx.membership.findMany({ where, select: { id: true, role: true } });
  const role = (event: Event | undefined, which: 'before' | 'after') =>
    String((event?.data as Record<string, unknown> | undefined)?.[which]);
  const before = new Map([...byMember].map(([id, [first]]) => [id, role(first, 'before')]));
  const steps = members.flatMap(({ id, role: current }) => {
    const last = byMember.get(id)?.at(-1);
    if (!last || current === before.get(id)) return [];
    return current === role(last, 'after')
      ? step(last, ['role'])
      : conflict(last, 'The role was changed since.', ['role']);
  });
  return each(steps, (id) =>
    changeRole(joined(tx), viewer.person, { id: publicId('Membership', id), role: before.get(id) }),
  );
};

const commentAdded: Undo = async ({ tx, viewer, runId }, events) => {
  const where = { id: { in: ids(events) }, AND: visible.comment(viewer) };
  const found = await tx.comment.findMany({ where, select: { id: true } });
  const live = new Set(found.map(({ id }) => id));
  const edited = await builtOn(tx, runId, [...live]);
  return each(
    events
      .filter(({ subjectId }) => live.has(subjectId ?? ''))
      .map((event) =>
        edited.has(event.subjectId ?? '') ? conflict(event, 'The comment was edited since.') : step(event),
      ),
    (id) => deleteComment(joined(tx), viewer.person, { id: publicId('Comment', id) }),
  );
};

const commentUpdated: Undo = async ({ tx, viewer, runId }, events) => {
  const latest = new Map(events.map((event) => [event.subjectId ?? '', event]));
  const kept = await tx.runChange.findMany({
    where: { runId, commentId: { in: [...latest.keys()] }, comment: visible.comment(viewer) },
    include: { comment: true },
  });
  const bodies = new Map<string, string>();
  const steps = kept.flatMap(({ comment, before, after }) => {
    const event = latest.get(comment?.id ?? '');
    if (!comment || !event) return [];
    const { body } = before as { body: string };
    if (comment.body === body) return [];
    bodies.set(comment.id, body);
    return comment.body === (after as { body: string }).body
      ? step(event)
      : conflict(event, 'The comment was edited since.');
  });
  return each(steps, async (id) => {
    await updateComment(joined(tx), viewer.person, { id: publicId('Comment', id), body: bodies.get(id) });
    await tx.runChange.deleteMany({ where: { runId, commentId: id } });
  });
};

type Values = Record<string, unknown>;

/** Set together with the status. */
const DERIVED: readonly string[] = ['startedAt', 'completedAt'];
const DATES: readonly string[] = [...DERIVED, 'dueOn', 'archivedAt'];

const taskChanged: Undo = async ({ tx, viewer, runId }, events) => {
  const latest = new Map(events.map((event) => [event.subjectId ?? '', event]));
  const kept = await tx.runChange.findMany({
    where: { runId, taskId: { in: [...latest.keys()] } },
  });
  const taskIds = kept.flatMap(({ taskId }) => taskId ?? []);
  const seen = await seenTasks(tx, viewer, taskIds);
  const gone = await goneFrom(
    tx,
    kept.map(({ before }) => before as Values),
  );
  const requests = new Map<string, { changes: Changes; restored: ChangeRequest['restored'] }>();
  const steps = kept.flatMap(({ taskId, before, after }) => {
    const event = latest.get(taskId ?? '');
    if (!event || taskId === null) return [];
    const task = seen.get(taskId);
    if (!task) return [];
    const current = JSON.parse(JSON.stringify(task)) as Values;
    const old = before as Values;
    const replaced = RESTORED.filter(
      (field) =>
        field in old && !isDeepStrictEqual(current[field], old[field]) && !gone.has(String(old[field])),
    );
    const changed = replaced.filter((field) => !isDeepStrictEqual(current[field], (after as Values)[field]));
    // The order of other tasks can have moved it.
    const fields = replaced.filter((field) => field !== 'position' || !changed.includes(field));
    if (fields.length === 0) return [];
    const named = [...new Set(fields.map((field) => (DERIVED.includes(field) ? 'status' : field)))];
    if (changed.some((field) => field !== 'position'))
      return conflict(event, 'These fields were changed since.', named);
    const values = (of: (field: string) => boolean) =>
      Object.fromEntries(fields.filter(of).map((field) => [field, valueOf(field, old[field])]));
    requests.set(taskId, {
      changes: values((field) => !DERIVED.includes(field)),
      restored: values((field) => DERIVED.includes(field)),
    });
    return step(event, named);
  });
  return {
    steps,
    async run() {
      if (requests.size === 0) return;
      await changeTasks(
        tx,
        viewer.person,
        [...requests].map(([id, { changes, restored }]) => ({ id, restored, changes: () => changes })),
      );
      await tx.runChange.deleteMany({ where: { runId, taskId: { in: [...requests.keys()] } } });
    },
  };
};

function valueOf(field: string, value: unknown): unknown {
  return typeof value === 'string' && DATES.includes(field) ? new Date(value) : value;
}

/** Ids of parents and teams that no longer exist, which no task can be put back under. */
async function goneFrom(tx: Transaction, values: readonly Values[]): Promise<Set<string>> {
  const named = (field: string) => [
    ...new Set(values.map((one) => one[field]).filter((id) => typeof id === 'string')),
  ];
  const [parents, teams] = [named('parentId'), named('teamId')];
  const select = { id: true } as const;
  const found = [
    ...(await tx.task.findMany({ where: { id: { in: parents } }, select })),
    ...(await tx.team.findMany({ where: { id: { in: teams } }, select })),
  ];
  const present = new Set(found.map(({ id }) => id));
  return new Set([...parents, ...teams].filter((id) => !present.has(id)));
}

const taskCreated: Undo = async ({ tx, viewer, runId }, events) => {
  const where = { id: { in: ids(events) }, AND: visible.task(viewer) };
  const found = await tx.task.findMany({ where, select: { id: true } });
  const live = new Set(found.map(({ id }) => id));
  const changed = await builtOn(tx, runId, [...live]);
  const parents = await parentsOfOthers(tx, runId, [...live]);
  const steps = events
    .filter(({ subjectId }) => live.has(subjectId ?? ''))
    .map((event) => {
      const id = event.subjectId ?? '';
      if (changed.has(id)) return conflict(event, 'This task was changed, commented on or shared since.');
      return parents.has(id) ? conflict(event, 'This task has subtasks by others.') : step(event);
    });
  return {
    steps,
    run: () =>
      // Subtasks before their parents.
      inBatches(steps.filter(({ problem }) => problem === null).reverse(), (tasks) =>
        deleteTasks(joined(tx), viewer.person, { tasks }),
      ),
  };
};

/** Changes of a deleted task can be taken back once it is restored, by undoing again. */
const taskDeleted: Undo = async ({ tx, viewer }, events) => {
  const where = { id: { in: ids(events) }, AND: visible.trashedTask(viewer) };
  const found = await tx.trashedTask.findMany({ where, select: { id: true } });
  const inTrash = new Set(found.map(({ id }) => id));
  const latest = new Map(events.map((event) => [event.subjectId ?? '', event]));
  const steps = [...latest].flatMap(([id, event]) => (inTrash.has(id) ? step(event) : []));
  return {
    steps,
    run: () => inBatches(steps, (tasks) => restoreTasks(joined(tx), viewer.person, { tasks })),
  };
};

async function inBatches(
  steps: readonly UndoStep[],
  take: (tasks: { id: string }[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < steps.length; from += LARGEST_DELETION) {
    const batch = ids(steps.slice(from, from + LARGEST_DELETION).map(({ event }) => event));
    await take(batch.map((id) => ({ id: publicId('Task', id) })));
  }
}

const ignored = null;

const NO_MEMBERSHIP = irreversible('Change the members on the page of the team.');
const NO_CONVERSATION = irreversible('What others may have read cannot be taken back.');
const NO_SETTING = irreversible('The earlier settings are not in the log.');
const BY_ITSELF = irreversible('This can only be taken back by hand.');

/**
 * How to take back each kind of event; null for what needs no undo. Kinds are taken back in this order, so that nothing
 * refers to a created task when it is deleted.
 */
export const UNDO: Readonly<Record<EventKind, Undo | null>> = {
  'task.deleted': taskDeleted,
  'task.purged': irreversible('A task that was deleted permanently cannot be brought back.'),
  'task.shared': shareGiven,
  'task.shareOffered': shareOffered,
  'task.shareUpdated': irreversible('The earlier terms of the share are not in the log.'),
  'task.shareRevoked': irreversible('Share the task again.'),
  'task.shareOfferRevoked': irreversible('Offer the share again.'),
  'task.shareAccepted': BY_ITSELF,
  'task.shareRefused': irreversible('The other person has to offer it again.'),
  'team.memberInvited': memberInvited,
  'team.roleChanged': roleChanged,
  'comment.added': commentAdded,
  'comment.updated': commentUpdated,
  'comment.deleted': irreversible('A deleted comment cannot be brought back.'),
  'task.updated': taskChanged,
  'task.completed': taskChanged,
  'task.reopened': taskChanged,
  'task.created': taskCreated,
  'task.restored': irreversible('Delete the task again.'),
  'task.leftTeam': ignored,
  'team.created': irreversible('Delete the team on its page.'),
  'team.updated': NO_SETTING,
  'team.deleted': irreversible('A deleted team cannot be brought back.'),
  'team.invitationRevoked': irreversible('Invite the person again.'),
  'team.memberJoined': NO_MEMBERSHIP,
  'team.memberRemoved': NO_MEMBERSHIP,
  'team.memberLeft': irreversible('Someone in the team has to invite you again.'),
  'team.ownershipTransferred': NO_MEMBERSHIP,
  'conversation.created': NO_CONVERSATION,
  'conversation.renamed': NO_SETTING,
  'conversation.participantAdded': NO_CONVERSATION,
  'conversation.read': ignored,
  'conversation.deleted': NO_CONVERSATION,
  'conversation.left': NO_CONVERSATION,
  'conversation.offered': NO_CONVERSATION,
  'conversation.offerRevoked': ignored,
  'conversation.accepted': NO_CONVERSATION,
  'conversation.refused': NO_CONVERSATION,
  'message.sent': NO_CONVERSATION,
  'user.updated': NO_SETTING,
  'user.blocked': BY_ITSELF,
  'user.unblocked': BY_ITSELF,
  'apiToken.created': BY_ITSELF,
  'apiToken.revoked': BY_ITSELF,
  'apiToken.used': ignored,
  'apiToken.grantChanged': BY_ITSELF,
  'view.created': BY_ITSELF,
  'view.updated': NO_SETTING,
  'view.deleted': BY_ITSELF,
  'dashboard.created': BY_ITSELF,
  'dashboard.updated': NO_SETTING,
  'dashboard.deleted': BY_ITSELF,
  'webhook.created': BY_ITSELF,
  'webhook.updated': NO_SETTING,
  'webhook.deleted': BY_ITSELF,
  'webhook.disabled': BY_ITSELF,
  'webhook.secretRotated': BY_ITSELF,
  'application.connected': BY_ITSELF,
  'application.disconnected': BY_ITSELF,
  'application.tokenReused': ignored,
  'application.grantChanged': BY_ITSELF,
  'approval.requested': ignored,
  'assistant.toolCalled': ignored,
  'assistant.replyChanged': ignored,
  'approval.approved': ignored,
  'approval.refused': ignored,
  'run.undone': ignored,
  'access.refused': ignored,
  'signIn.failed': ignored,
  'password.changed': BY_ITSELF,
  'password.resetIssued': ignored,
  'account.unlocked': ignored,
  'account.verified': ignored,
};

export const NEEDING_NO_UNDO = Object.entries(UNDO).flatMap(([kind, undo]) => (undo === null ? kind : []));
