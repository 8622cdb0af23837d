import type { ActivityEvent_EventFragment, EventKind, TeamRole } from '../../gql/graphql.ts';
import { addressOfConversation } from '../conversation/conversation.ts';
import { addressOfTask } from '../task/task-address.ts';
import { msg, withinSentence } from '../language/format.ts';
import { language } from '../language/language.ts';
import { roleWords } from '../team/team-words.ts';
import { historyWords, TASK } from './history-words.ts';

/** A part of a sentence; with an address it is a link, and with only a name it is emphasized. */
export type SentencePart = string | { name: string; href: string | undefined };

type Event = ActivityEvent_EventFragment;

export type EventGroup = 'tasks' | 'comments' | 'sharing' | 'teams' | 'conversations' | 'account';

interface KindWords {
  group: EventGroup;
  /** After the actor: `{task}`, `{person}`, `{team}` and `{conversation}` are replaced. */
  says: Says;
}

type Says = (event: Event, viewerId: string | undefined) => string;

const history: KindWords = {
  group: 'tasks',
  says: ({ kind, changes }, viewerId) => historyWords(kind, namedChanges(changes, viewerId)),
};
const about =
  (group: EventGroup) =>
  (says: Says): KindWords => ({ group, says });
const sharing = about('sharing');
const teams = about('teams');
const conversations = about('conversations');
const account = about('account');
const comments = about('comments');
const views = about('tasks');

const lowered = (role: string | null | undefined) =>
  withinSentence(roleWords[(role ?? 'MEMBER') as TeamRole]);
const roleOf = ({ changes }: Event, which: 'before' | 'after') =>
  lowered(changes.find(({ field }) => field === 'role')?.[which]);

function grantWords({ changes }: Event, agent: string): string {
  return changes.some(({ after }) => after !== null)
    ? msg(`let ${agent} delete tasks without asking`)
    : msg(`no longer lets ${agent} delete tasks without asking`);
}

/** What each kind of event says, and the group that it is filtered by. */
const kinds: Readonly<Record<EventKind, KindWords>> = {
  TASK_CREATED: history,
  TASK_UPDATED: history,
  TASK_COMPLETED: history,
  TASK_REOPENED: history,
  TASK_DELETED: history,
  TASK_RESTORED: history,
  TASK_PURGED: history,
  TASK_LEFT_TEAM: history,
  COMMENT_ADDED: comments(() => msg('commented on {task}')),
  COMMENT_UPDATED: comments(() => msg('edited a comment on {task}')),
  COMMENT_DELETED: comments(() => msg('deleted a comment on {task}')),
  TASK_SHARED: sharing(() => msg('shared {task} with {person}')),
  TASK_SHARE_UPDATED: sharing(() => msg('changed how {task} is shared with {person}')),
  TASK_SHARE_REVOKED: sharing(() => msg('ended a share of {task}')),
  TASK_SHARE_OFFERED: sharing(() => msg('offered to share {task}')),
  TASK_SHARE_ACCEPTED: sharing(() => msg('accepted a share of {task}')),
  TASK_SHARE_REFUSED: sharing(() => msg('declined a share of {task}')),
  TASK_SHARE_OFFER_REVOKED: sharing(() => msg('withdrew an offer to share {task}')),
  TEAM_CREATED: teams(() => msg('created {team}')),
  TEAM_UPDATED: teams(() => msg('changed the details of {team}')),
  TEAM_DELETED: teams((event) => {
    const name = event.changes.find(({ field }) => field === 'name')?.before;
    return name ? msg(`deleted the team “${withoutBraces(name)}”`) : msg('deleted a team');
  }),
  TEAM_MEMBER_INVITED: teams((event) => msg(`invited someone to {team} as ${roleOf(event, 'after')}`)),
  TEAM_INVITATION_REVOKED: teams(() => msg('ended an invitation to {team}')),
  TEAM_MEMBER_JOINED: teams(() => msg('joined {team}')),
  TEAM_ROLE_CHANGED: teams((event) => msg(`changed {persons} role in {team} to ${roleOf(event, 'after')}`)),
  TEAM_MEMBER_REMOVED: teams(() => msg('removed {person} from {team}')),
  TEAM_MEMBER_LEFT: teams(() => msg('left {team}')),
  TEAM_OWNERSHIP_TRANSFERRED: teams(() => msg('made {person} the owner of {team}')),
  CONVERSATION_CREATED: conversations(() => msg('started {conversation}')),
  CONVERSATION_RENAMED: conversations(() => msg('renamed {conversation}')),
  CONVERSATION_PARTICIPANT_ADDED: conversations(() => msg('added {person} to {conversation}')),
  CONVERSATION_DELETED: conversations(() => msg('deleted a conversation')),
  CONVERSATION_LEFT: conversations(() => msg('left {conversation}')),
  CONVERSATION_OFFERED: conversations(() => msg('offered {person} a conversation')),
  CONVERSATION_OFFER_REVOKED: conversations(() => msg('withdrew the offer of a conversation')),
  CONVERSATION_ACCEPTED: conversations(() => msg('joined {conversation}')),
  CONVERSATION_REFUSED: conversations(() => msg('declined a conversation')),
  CONVERSATION_READ: conversations(() => msg('read {conversation}')),
  MESSAGE_SENT: conversations(() => msg('wrote in {conversation}')),
  ASSISTANT_TOOL_CALLED: conversations(() => msg('used a tool in {conversation}')),
  ASSISTANT_REPLY_CHANGED: conversations(() => msg('changed a reply in {conversation}')),
  USER_SIGNED_UP: account(() => msg('created an account')),
  USER_UPDATED: account(() => msg('changed their profile')),
  USER_BLOCKED: account(() => msg('blocked a person')),
  USER_UNBLOCKED: account(() => msg('unblocked a person')),
  SESSION_STARTED: account(() => msg('signed in')),
  SESSION_ENDED: account(() => msg('ended a session')),
  API_TOKEN_CREATED: account(() => msg('created an API token')),
  API_TOKEN_REVOKED: account(() => msg('revoked an API token')),
  API_TOKEN_USED: account(() => msg('used an API token')),
  APPLICATION_CONNECTED: account(() => msg('connected an application')),
  APPLICATION_DISCONNECTED: account(() => msg('disconnected an application')),
  APPLICATION_TOKEN_REUSED: account(() => msg('used a token of an application a second time')),
  VIEW_CREATED: views(() => msg('saved a view')),
  VIEW_UPDATED: views(() => msg('changed a view')),
  VIEW_DELETED: views(() => msg('deleted a view')),
  DASHBOARD_CREATED: views(() => msg('created a dashboard')),
  DASHBOARD_UPDATED: views(() => msg('changed a dashboard')),
  DASHBOARD_DELETED: views(() => msg('deleted a dashboard')),
  WEBHOOK_CREATED: account(() => msg('created a webhook')),
  WEBHOOK_UPDATED: account(() => msg('changed a webhook')),
  WEBHOOK_DELETED: account(() => msg('deleted a webhook')),
  WEBHOOK_DISABLED: account(() => msg('disabled a webhook')),
  WEBHOOK_SECRET_ROTATED: account(() => msg('changed the secret of a webhook')),
  API_TOKEN_GRANT_CHANGED: account((event) => grantWords(event, msg('an API token'))),
  APPLICATION_GRANT_CHANGED: account((event) => grantWords(event, msg('an application'))),
  APPROVAL_REQUESTED: account(() => msg('was asked by an agent to approve a change')),
  APPROVAL_APPROVED: account(() => msg('approved a change that an agent asked for')),
  APPROVAL_REFUSED: account(() => msg('did not let an agent make a change')),
  RUN_UNDONE: account(() => msg('took back what an agent did')),
  ACCESS_REFUSED: account(({ refusal }) =>
    refusal
      ? refusal.times > 1
        ? msg(`was refused ${refusal.operation} (${refusal.code}) ${refusal.times} times`)
        : msg(`was refused ${refusal.operation} (${refusal.code})`)
      : msg('was refused access'),
  ),
  SIGN_IN_FAILED: account(() => msg('entered a wrong password for {person}')),
  PASSWORD_CHANGED: account(() => msg('changed the password')),
  PASSWORD_RESET_ISSUED: account(() => msg('issued a link to reset {persons} password')),
  ACCOUNT_UNLOCKED: account(() => msg('unlocked {persons} account')),
  ACCOUNT_VERIFIED: account(() => msg('verified {persons} address')),
};

/** They would hide the others. */
const NOISE: readonly EventKind[] = [
  'CONVERSATION_READ',
  'API_TOKEN_USED',
  'ASSISTANT_TOOL_CALLED',
  'ASSISTANT_REPLY_CHANGED',
];

/** The kinds of a group, or of all groups, for a list of events. */
export function kindsOf(group: EventGroup | undefined): EventKind[] {
  return (Object.keys(kinds) as EventKind[]).filter(
    (kind) => (group === undefined || kinds[kind].group === group) && !NOISE.includes(kind),
  );
}

const words = () => ({
  afterActor: language() === 'en' ? ' ' : ': ',
  you: 'You',
  youInside: msg('you'),
  someone: 'Someone',
  someoneInside: msg('someone'),
  anAccount: msg('an unknown account'),
  aTask: msg('a task'),
  theTask: msg('the task'),
  theTeam: msg('the team'),
  aTeam: msg('a team'),
  theConversation: msg('the conversation'),
  aConversation: msg('a conversation'),
  your: msg('your'),
  genitive: msg('’s'),
  someones: msg('someone’s'),
});

/** Through which program a change was made; follows the actor. */
function throughWords({ kind, name, isApproved }: NonNullable<Event['through']>): string {
  const program =
    kind === 'ASSISTANT'
      ? msg('the assistant')
      : (name ?? (kind === 'API_TOKEN' ? msg('an API token') : msg('an application')));
  return isApproved ? msg(`, through ${program}, with approval,`) : msg(`, through ${program},`);
}

/**
 * An event as a sentence about its actor.
 * @param options.isOnTask whether it is shown on the page of its task.
 * @param options.isInRun whether it is shown below the program that made it.
 */
export function sentenceOf(
  event: Event,
  viewerId: string | undefined,
  { isOnTask = false, isInRun = false } = {},
): SentencePart[] {
  const { actor, kind } = event;
  const { says, group } = kinds[kind];
  const said = says(event, viewerId);
  const who = actor === null ? words().someone : actor.id === viewerId ? words().you : actor.name;
  const verb =
    who === words().you
      ? said
          .replace(/^was /, 'were ')
          .replace(/^no longer lets /, 'no longer let ')
          .replace('their', 'your')
      : said;
  const whole = group === 'tasks' && !isOnTask && !verb.includes(TASK) ? msg(`${verb} on ${TASK}`) : verb;
  return [
    { name: who, href: undefined },
    ...(event.through && !isInRun ? [throughWords(event.through)] : []),
    words().afterActor,
    ...whole
      .split(/(\{\w+\})/)
      .filter(Boolean)
      .flatMap((part) => {
        if (part === TASK && isOnTask) return words().theTask;
        return part.startsWith('{') ? named(part, event, viewerId) : part;
      }),
  ];
}

function named(part: string, event: Event, viewerId: string | undefined): SentencePart | SentencePart[] {
  const { task, team, person } = event;
  switch (part) {
    case '{task}':
      return task ? { name: task.title, href: addressOfTask(task.id) } : words().aTask;
    case '{team}':
      return team ? [`${words().theTeam} `, { name: team.name, href: `/teams/${team.slug}` }] : words().aTeam;
    case '{person}':
      if (!person) return event.kind === 'SIGN_IN_FAILED' ? words().anAccount : words().someoneInside;
      return person.id === viewerId ? words().youInside : { name: person.name, href: undefined };
    case '{persons}':
      if (person?.id === viewerId) return words().your;
      return person ? [{ name: person.name, href: undefined }, words().genitive] : words().someones;
    default: {
      const conversation = conversationOf(event);
      if (!conversation) return words().aConversation;
      const link = { name: conversation.title, href: addressOfConversation(conversation.id) };
      return event.kind === 'MESSAGE_SENT' ? link : [`${words().theConversation} `, link];
    }
  }
}

function conversationOf({ subject }: Event) {
  if (subject?.__typename === 'Message') return subject.conversation;
  return subject?.__typename === 'Conversation' ? subject : null;
}

/** A sentence without links. */
export function plainSentence(parts: readonly SentencePart[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.name)).join('');
}

/** The changes with the names of what they set. */
function namedChanges(changes: Event['changes'], viewerId: string | undefined) {
  return changes.map(({ field, after, afterObject }) => {
    const name = afterObject && 'name' in afterObject ? withoutBraces(afterObject.name) : null;
    return { field, after, afterName: afterObject?.id === viewerId ? words().youInside : name };
  });
}

/** A name must not look like a placeholder. */
function withoutBraces(name: string): string {
  return name.replaceAll(/[{}]/g, '');
}

const groups: readonly string[] = [
  'tasks',
  'comments',
  'sharing',
  'teams',
  'conversations',
  'account',
] satisfies EventGroup[];

export function isGroup(name: string | null): name is EventGroup {
  return name !== null && groups.includes(name);
}
