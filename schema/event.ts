import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Event as EventRow } from '../prisma/generated/client/client.ts';
import { changesOf, type EventChange } from '../server/log/event-changes.ts';
import type { LoggedKind } from '../server/log/catalogue.ts';
import { encodeCursor } from '../server/log/cursor.ts';
import { visible } from '../server/policy.ts';
import { namedPeople } from '../server/sql/visible-users.ts';
import { batched } from './machinery/batched.ts';
import { builder } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { sharedTask } from './machinery/subscription-loaders.ts';
import { Task } from './task.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

type SubjectType = keyof typeof readers;

interface KindOfEvent {
  description: string;
  /** What its subject is; none for what no id leads to. */
  subject?: SubjectType;
}

const kinds: Record<LoggedKind, KindOfEvent> = {
  'task.created': { description: 'A task was created.', subject: 'Task' },
  'task.updated': {
    description: 'A task was changed, moved, archived or brought back.',
    subject: 'Task',
  },
  'task.completed': { description: 'A task became DONE.', subject: 'Task' },
  'task.reopened': { description: 'A done or cancelled task became an open one again.', subject: 'Task' },
  'task.deleted': { description: 'A task was deleted.', subject: 'Task' },
  'task.leftTeam': {
    description: 'A task went to another team, or out of its team; those who are left there read of it so.',
    subject: 'Task',
  },
  'task.shared': { description: 'A task was shared; `person` is with whom.', subject: 'TaskShare' },
  'task.shareUpdated': {
    description: 'A share now allows something else, or ends at another time.',
    subject: 'TaskShare',
  },
  'task.shareRevoked': { description: 'A share was taken back, or left.', subject: 'TaskShare' },
  'task.shareOffered': {
    description:
      'A share was offered, or its offer renewed. The receiver reads of it in an event of their own, without task, team and actor.',
    subject: 'ShareOffer',
  },
  'task.shareAccepted': {
    description: 'An offered share was accepted by `actor`.',
    subject: 'TaskShare',
  },
  'task.shareRefused': { description: 'An offered share was refused.', subject: 'ShareOffer' },
  'task.shareOfferRevoked': {
    description: 'An offered share was withdrawn. The receiver has an event of their own.',
    subject: 'ShareOffer',
  },
  'comment.added': { description: 'Somebody commented on a task.', subject: 'Comment' },
  'comment.updated': { description: 'A comment has other words.', subject: 'Comment' },
  'comment.deleted': { description: 'A comment was taken away.', subject: 'Comment' },
  'team.created': { description: 'A team was created.', subject: 'Team' },
  'team.updated': { description: 'A team’s name, slug or description changed.', subject: 'Team' },
  'team.deleted': {
    description: 'A team was deleted; its former members read of it, and its name is the change.',
    subject: 'Team',
  },
  'team.memberInvited': {
    description:
      'A person was invited to a team. The account with that address, once verified, has an event of its own, without team and actor.',
    subject: 'TeamInvitation',
  },
  'team.invitationRevoked': {
    description:
      'An invitation was withdrawn or declined. The account with its address, once verified, has an event of its own, also where the team was deleted.',
    subject: 'TeamInvitation',
  },
  'team.memberJoined': {
    description: 'An invitation was accepted; `person` is the new member.',
    subject: 'TeamInvitation',
  },
  'team.roleChanged': {
    description: 'A member has another role; `person` is who.',
    subject: 'Membership',
  },
  'team.memberRemoved': {
    description: 'A member was taken out of a team; `person` is who.',
    subject: 'Membership',
  },
  'team.memberLeft': { description: 'A member left a team of their own accord.', subject: 'Membership' },
  'team.ownershipTransferred': {
    description: 'A team has another owner; `person` is the new one.',
    subject: 'Team',
  },
  'conversation.created': { description: 'A conversation was begun.', subject: 'Conversation' },
  'conversation.renamed': { description: 'A conversation has another title.', subject: 'Conversation' },
  'conversation.deleted': {
    description: 'A conversation was deleted. Its former owner reads of it; to the others it is gone.',
    subject: 'Conversation',
  },
  'conversation.left': {
    description: 'A person left a conversation; `person` is its new owner, if the owner left.',
    subject: 'Conversation',
  },
  'conversation.offered': {
    description: 'A conversation was offered to `person`, who is in no team with its owner.',
    subject: 'Conversation',
  },
  'conversation.offerRevoked': {
    description:
      'An offered conversation was deleted, or its owner left it; for the person it was offered to.',
    subject: 'Conversation',
  },
  'conversation.accepted': {
    description: 'A person accepted an offered conversation.',
    subject: 'Conversation',
  },
  'conversation.refused': {
    description: 'A person refused an offered conversation; `person` is who offered it.',
    subject: 'Conversation',
  },
  'message.sent': { description: 'Something was said in a conversation.', subject: 'Message' },
  'user.signedUp': { description: 'An account was made.', subject: 'User' },
  'user.updated': { description: 'Somebody changed their profile.', subject: 'User' },
  'user.blocked': { description: 'The viewer blocked a person.', subject: 'Block' },
  'user.unblocked': { description: 'The viewer unblocked a person.', subject: 'Block' },
  'session.started': { description: 'Somebody signed in.' },
  'session.ended': { description: 'A session ended: by signing out, or because it ran out.' },
  'apiToken.created': { description: 'An API token was made.', subject: 'ApiToken' },
  'apiToken.revoked': { description: 'An API token was revoked.', subject: 'ApiToken' },
  'apiToken.used': {
    description: 'An API token was used, for the first time in this hour of the clock.',
    subject: 'ApiToken',
  },
  'access.refused': {
    description:
      'Somebody asked for what they may not see or do, or presented an API token that has run out; `refusal` says how. The latter is told once an hour.',
  },
  'signIn.failed': {
    description:
      'A wrong password was given for the account of `person`; null where there is no account with that address.',
  },
  'password.changed': {
    description: 'A person changed their password, or set a new one with an operator’s one-time link.',
    subject: 'User',
  },
  'password.resetIssued': {
    description: 'An operator issued a one-time link that sets a new password for `person`.',
  },
  'account.unlocked': { description: 'An operator lifted the limits on signing in as `person`.' },
  'account.verified': { description: 'An operator verified the email address of `person`.' },
};

export const EventKind = builder.enumType('EventKind', {
  description: 'What happened.',
  values: Object.fromEntries(
    (Object.keys(kinds) as LoggedKind[]).map((kind) => [
      kind.replaceAll(/[A-Z]/g, '_$&').replace('.', '_').toUpperCase(),
      { value: kind, description: kinds[kind].description },
    ]),
  ),
});

const Change = builder.objectRef<EventChange>('EventChange').implement({
  description: 'One thing that changed.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'What changed, by the name of the field, like `status`.' }),
    before: t.exposeString('before', {
      nullable: true,
      description: 'What it was, as text; null where there was nothing, or the log does not say.',
    }),
    after: t.exposeString('after', {
      nullable: true,
      description: 'What it became, as text; null where nothing is left, or the log does not say.',
    }),
  }),
});

interface RefusalData {
  code: string;
  operation: string;
  times?: number;
}

const Refusal = builder.objectRef<RefusalData>('Refusal').implement({
  description: 'How somebody was refused.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'As the error’s `extensions.code` said it.' }),
    operation: t.exposeString('operation', {
      description: 'Which root field it was; `apiToken` for a token that has run out.',
    }),
    times: t.int({
      description:
        'How often. The first 50 in a minute of one person by one operation are told one by one, the rest of that minute in one event.',
      resolve: ({ times }) => times ?? 1,
    }),
  }),
});

export const Event = builder.objectRef<EventRow>('Event').implement({
  description:
    'Something that happened, as the log tells it for good. What it names is read as it is now, as far as the viewer may see it.',
  fields: (t) => ({
    id: t.id({
      description: 'Tells it from every other event; `node` does not find it.',
      // Numbers of events that PostgreSQL lost in a failover are given out again.
      resolve: ({ sequence, nonce }) =>
        nonce === null ? String(sequence) : `${sequence}-${nonce.toString(36)}`,
    }),
    cursor: t.string({
      description: 'The log’s position after it.',
      resolve: ({ transactionId, sequence, nonce }, _args, { db }) =>
        encodeCursor(db, { transactionId, sequence, nonce }),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    kind: t.field({
      type: EventKind,
      description: 'What happened.',
      resolve: ({ kind }) => kind as LoggedKind,
    }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'Who did it; null where nobody was signed in, or the viewer may not see them now.',
      resolve: ({ actorId }, _args, context, info) => reRead(context, info, 'User', actorId),
    }),
    person: t.field({
      type: User,
      nullable: true,
      description: 'Whom it concerns besides, like the one a task was shared with; null as for `actor`.',
      resolve: ({ personId }, _args, context, info) => reRead(context, info, 'User', personId),
    }),
    team: t.field({
      type: Team,
      nullable: true,
      description: 'The team whose members read of it; null where there is none that the viewer is in now.',
      resolve: ({ teamId }, _args, context, info) => reRead(context, info, 'Team', teamId),
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description:
        'The task that it is about, also by way of a share or a comment; null where there is none that the viewer may see now.',
      resolve: (event, _args, context, info) => {
        const id = taskIdOf(event);
        if (id === null || info.operation.operation !== 'subscription')
          return reRead(context, info, 'Task', id);
        return sharedTask(context, id, queryFromInfo({ context, info, typeName: 'Task' }));
      },
    }),
    subject: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description:
        'What it is about; its type follows from the kind. Null where it is gone, or the viewer may not see it now.',
      resolve: ({ kind, subjectId }, _args, context, info) =>
        reRead(context, info, kinds[kind as LoggedKind].subject, subjectId),
    }),
    changes: t.field({
      type: [Change],
      description:
        'What changed, as far as the log keeps it: at most 10, and none where something came or went.',
      resolve: ({ kind, data }) => changesOf(kind as LoggedKind, data),
    }),
    refusal: t.field({
      type: Refusal,
      nullable: true,
      description: 'How somebody was refused; null for every kind but ACCESS_REFUSED.',
      resolve: ({ kind, data }) => (kind === 'access.refused' ? (data as unknown as RefusalData) : null),
    }),
  }),
});

function taskIdOf({ kind, subjectId, data }: EventRow): string | null {
  if (kinds[kind as LoggedKind].subject === 'Task') return subjectId;
  return (data as { taskId?: string }).taskId ?? null;
}

/** How each type is read again: what the viewer may see, with the selection given. */
const readers = {
  User: async ({ db, viewer }: Context, ids: string[], selection: object) => {
    const named = await namedPeople(db, viewer, ids);
    return db.user.findMany({ ...reading(selection), where: { id: { in: [...named] } } });
  },
  ApiToken: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.apiToken.findMany({
      ...reading(selection),
      where: { id: { in: ids }, AND: visible.apiToken(viewer) },
    }),
  Team: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.team.findMany({ ...reading(selection), where: { id: { in: ids }, AND: visible.team(viewer) } }),
  Membership: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.membership.findMany({
      ...reading(selection),
      where: { id: { in: ids }, AND: visible.membership(viewer) },
    }),
  TeamInvitation: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.teamInvitation.findMany({
      ...reading(selection),
      where: { id: { in: ids }, AND: visible.invitation(viewer) },
    }),
  Task: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.task.findMany({ ...reading(selection), where: { id: { in: ids }, AND: visible.task(viewer) } }),
  TaskShare: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.taskShare.findMany({ ...reading(selection), where: { id: { in: ids }, AND: visible.share(viewer) } }),
  ShareOffer: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.shareOffer.findMany({
      ...reading(selection),
      where: { id: { in: ids }, AND: visible.shareOffer(viewer) },
    }),
  Block: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.block.findMany({ ...reading(selection), where: { id: { in: ids }, AND: visible.block(viewer) } }),
  Comment: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.comment.findMany({ ...reading(selection), where: { id: { in: ids }, AND: visible.comment(viewer) } }),
  Conversation: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.conversation.findMany({
      ...reading(selection),
      where: { id: { in: ids }, AND: visible.conversation(viewer) },
    }),
  Message: ({ db, viewer }: Context, ids: string[], selection: object) =>
    db.message.findMany({ ...reading(selection), where: { id: { in: ids }, AND: visible.message(viewer) } }),
};

function reading(selection: object) {
  return { ...selection, relationLoadStrategy: 'join' } as const;
}

type Read<Type extends SubjectType> = Awaited<ReturnType<(typeof readers)[Type]>>[number];

/** Reads what an event names, together with what its siblings name: one statement a field and type. */
async function reRead<Type extends SubjectType>(
  context: Context,
  info: GraphQLResolveInfo,
  type: Type | undefined,
  id: string | null,
): Promise<Read<Type> | null> {
  if (type === undefined || id === null) return null;
  const selectionOf = (typeName: SubjectType) => queryFromInfo({ context, info, typeName });
  const own = selectionOf(type);
  const found = await batched(context, info, `${type} ${id}`, async (keys) => {
    const idsOf = Map.groupBy(
      keys.map((key) => key.split(' ') as [SubjectType, string]),
      ([wanted]) => wanted,
    );
    const rows = await Promise.all(
      [...idsOf].map(async ([wanted, named]) => {
        const ids = named.map(([, each]) => each);
        const selection = wanted === type ? own : selectionOf(wanted);
        const seen: { id: string }[] = await readers[wanted](context, ids, selection);
        // By its name the Node interface tells which type a row is of.
        return seen.map(
          (row) => [`${wanted} ${row.id}`, Object.assign(row, { __typename: wanted })] as const,
        );
      }),
    );
    return new Map(rows.flat());
  });
  return (found as Read<Type> | undefined) ?? null;
}
