import { newId, parseId, publicId } from '../../../server/ids.ts';
import { hashOfSecret } from '../../../server/secrets.ts';
import type { Cast, Name } from './cast.ts';
import type { Stage } from './stage.ts';

/** A new subject with its surroundings. */
export interface Scene {
  /** Who acts; null for a request without a credential. */
  actor: Name | null;
  /** The public ids of the scene's own objects. */
  names: Record<string, string>;
  /** Contained in all texts of the scene, and in no other's. */
  word: string;
  /** The same of objects that are part of other scenes, too. */
  standing: Record<string, string>;
}

type Builder = (stage: Stage, cast: Cast, column: string, word: string) => Scene;

const actors: Record<string, Name | null> = {
  'viewer+E': 'editingviewer',
  VIEW: 'shareviewer',
  EDIT: 'shareeditor',
  mate: 'member',
  nobody: null,
};

function actorOf(column: string): Name | null {
  const actor = actors[column];
  return actor === undefined ? (column as Name) : actor;
}

const A_DAY_MS = 24 * 60 * 60 * 1000;

/** A task with a parent and a subtask, shared and commented on. */
function taskScene(inTeam: boolean): Builder {
  return (stage, { people, team, annex }, column, word) => {
    const actor = actorOf(column);
    const acting = people[actor ?? 'guest'].uuid;
    const owner = people[inTeam && column === 'former' ? 'former' : 'owner'].uuid;
    const common = { ownerId: owner, teamId: inTeam ? team.uuid : null };
    const parent = stage.task({ ...common, title: `${word}p` });
    const assigneeId = people.assignee.uuid;
    const details = { title: `${word}t`, description: word, parentId: parent, assigneeId };
    const task = stage.task({ ...common, ...details, labels: [word] });
    const finished = stage.task({
      ...common,
      assigneeId,
      title: `${word}f`,
      status: 'DONE',
      completedAt: new Date(),
    });
    const subtask = stage.task({ ...common, title: `${word}s`, parentId: task });

    const shareWith = (name: Name, permission: 'VIEW' | 'EDIT', expiresAt: Date | null = null) =>
      [task, finished].map((taskId) =>
        stage.share({ taskId, sharedWithId: people[name].uuid, sharedById: owner, permission, expiresAt }),
      )[0] ?? '';
    const shares: Partial<Record<Name, string>> = {
      guest: shareWith('guest', 'VIEW'),
      editingviewer: shareWith('editingviewer', 'EDIT'),
      shareviewer: shareWith('shareviewer', 'VIEW'),
      shareeditor: shareWith('shareeditor', 'EDIT'),
      lapsed: shareWith('lapsed', 'EDIT', new Date(Date.now() - A_DAY_MS)),
      ...(inTeam ? {} : { assignee: shareWith('assignee', 'VIEW') }),
    };
    const offered = { taskId: task, offeredById: owner, title: `${word}o` };
    const secret = `${word}-secret`;
    const offer = stage.offer({
      ...offered,
      email: `offer.${word}@example.com`,
      secretHash: hashOfSecret(secret),
    });
    const ownOffer = stage.offer({ ...offered, userId: acting });
    const comment = stage.comment({ taskId: task, authorId: people.guest.uuid, body: `${word}c` });
    const ownComment = stage.comment({ taskId: task, authorId: acting, body: `${word}o` });
    const facts = {
      owner,
      assignee: null,
      team: common.teamId,
      status: 'TODO',
      priority: 'NONE',
      dueOn: null,
    };
    stage.event({
      kind: 'task.updated',
      actorId: owner,
      subjectId: task,
      teamId: common.teamId,
      personId: owner,
      data: { before: { ...facts, archived: false }, after: { ...facts, archived: false } },
    });
    const refusal = { code: 'NOT_FOUND', operation: 'task' };
    stage.event({ kind: 'access.refused', actorId: people.guest.uuid, subjectId: task, data: refusal });
    const mine = stage.task({ ownerId: acting, title: `${word}m` });
    return {
      actor,
      word,
      names: {
        task: publicId('Task', task),
        finished: publicId('Task', finished),
        parent: publicId('Task', parent),
        subtask: publicId('Task', subtask),
        share: publicId('TaskShare', shares.guest ?? ''),
        ownShare: publicId('TaskShare', shares[actor ?? 'guest'] ?? newId()),
        offer: publicId('ShareOffer', offer),
        ownOffer: publicId('ShareOffer', ownOffer),
        comment: publicId('Comment', comment),
        ownComment: publicId('Comment', ownComment),
        mine: publicId('Task', mine),
        fresh: publicId('Task', newId()),
        freshComment: publicId('Comment', newId()),
      },
      standing: {
        team: team.id,
        annex: annex.id,
        secret,
        newcomer: people.newcomer.email,
        assignable: (inTeam ? people.otheradmin : people.guest).id,
      },
    };
  };
}

/** The same with the task in the trash. */
function trashScene(inTeam: boolean): Builder {
  const make = taskScene(inTeam);
  return (stage, cast, column, word) => {
    const scene = make(stage, cast, column, word);
    stage.trash(parseId(scene.names['task'] ?? '').uuid);
    return scene;
  };
}

const teamScene: Builder = (stage, { people }, column, word) => {
  const actor = actorOf(column);
  const acting = people[actor ?? 'guest'].uuid;
  const team = stage.team(word);
  const join = (name: Name, role: 'OWNER' | 'ADMIN' | 'MEMBER' | 'VIEWER') =>
    [name, publicId('Membership', stage.member(team, people[name].uuid, role))] as const;
  const memberships = Object.fromEntries([
    join('lead', 'OWNER'),
    join('admin', 'ADMIN'),
    join('member', 'MEMBER'),
    join('viewer', 'VIEWER'),
    join('otheradmin', 'ADMIN'),
    join('othermember', 'MEMBER'),
    join('otherviewer', 'VIEWER'),
  ]) as Partial<Record<Name, string>>;
  const invite = (email: string, role: 'ADMIN' | 'MEMBER', secret?: string) =>
    publicId(
      'TeamInvitation',
      stage.invitation({
        teamId: team,
        email,
        role,
        invitedById: people.lead.uuid,
        ...(secret === undefined ? {} : { secretHash: hashOfSecret(secret) }),
      }),
    );
  const task = stage.task({
    ownerId: people.otheradmin.uuid,
    teamId: team,
    title: `${word}t`,
    labels: [word],
  });
  stage.share({ taskId: task, sharedWithId: people.shareviewer.uuid, sharedById: people.otheradmin.uuid });
  const trashed = stage.task({ ownerId: people.otheradmin.uuid, teamId: team, title: `${word}d` });
  stage.trash(trashed);
  const since = { teamId: team, actorId: people.lead.uuid };
  stage.event({ ...since, kind: 'team.updated', subjectId: team, data: { fields: ['name'] } });
  const left = { subjectId: newId(), personId: people.former.uuid, data: { role: 'MEMBER' } };
  stage.event({ ...since, kind: 'team.memberRemoved', ...left });
  const { webhook, delivery } = stage.webhook(people.otheradmin.uuid, team, word);
  const view = stage.view({ teamId: team }, word, `team:${word}`);
  const dashboard = stage.dashboard({ teamId: team }, word);
  return {
    actor,
    word,
    names: {
      team: publicId('Team', team),
      view: publicId('View', view),
      dashboard: publicId('CustomDashboard', dashboard),
      webhook: publicId('Webhook', webhook),
      delivery: publicId('WebhookDelivery', delivery),
      task: publicId('Task', task),
      trashed: publicId('Task', trashed),
      mine: publicId('Task', stage.task({ ownerId: acting, title: `${word}m` })),
      invitation: invite(`member.${word}@example.com`, 'MEMBER', `secret of ${word}`),
      adminInvitation: invite(`admin.${word}@example.com`, 'ADMIN'),
      ownInvitation:
        actor === 'invited' || actor === 'unverified' ? invite(people[actor].email, 'MEMBER') : '',
      owner: memberships.lead ?? '',
      admin: memberships.otheradmin ?? '',
      member: memberships.othermember ?? '',
      viewer: memberships.otherviewer ?? '',
      own: memberships[actor ?? 'guest'] ?? '',
      fresh: publicId('Task', newId()),
    },
    standing: {
      label: word,
      slug: word,
      outsider: people.guest.id,
      otherMember: people.othermember.id,
      memberEmail: people.othermember.email,
      self: people[actor ?? 'guest'].id,
    },
  };
};

const conversationScene: Builder = (stage, { people }, column, word) => {
  const owner = people.owner.uuid;
  const conversation = stage.conversation(owner, `${word}t`, [people.participant.uuid]);
  if (column === 'offered') stage.conversationOffer(conversation, people.offered.uuid, owner);
  const message = stage.message(conversation, owner, `${word}m`);
  stage.failedReply(conversation, message, owner);
  const about = { actorId: owner, conversationId: conversation };
  const data = { conversationId: conversation, role: 'USER', fingerprint: word };
  stage.event({ ...about, kind: 'message.sent', subjectId: message, data });
  return {
    actor: actorOf(column),
    word,
    names: {
      conversation: publicId('Conversation', conversation),
      message: publicId('Message', message),
      fresh: publicId('Message', newId()),
    },
    standing: { ownerId: people.owner.id },
  };
};

/** The person themselves or another one, with a team and an invitation, a task and a token. */
const personScene: Builder = (stage, { people }, column, word) => {
  const actor = column === 'nobody' ? null : 'self';
  const acting = people.self;
  const email = column === 'oneself' ? acting.email : `${word}@example.com`;
  const person = column === 'oneself' ? acting.uuid : stage.user(word, email);
  const team = stage.team(word);
  stage.member(team, person, 'OWNER');
  const elsewhere = stage.team(`${word}e`);
  const [mine, another] = [
    stage.task({ ownerId: acting.uuid, title: word }),
    stage.task({ ownerId: acting.uuid, title: word }),
  ];
  const share = (taskId: string, sharedWithId: string, sharedById: string) =>
    stage.share({ taskId, sharedWithId, sharedById });

  const sender = stage.user(`${word}s`, `sender.${word}@example.com`);
  const offer = stage.offer({
    taskId: stage.task({ ownerId: sender, title: word }),
    offeredById: sender,
    userId: person,
    title: word,
  });
  const secret = `${word}-secret`;
  stage.offer({
    taskId: stage.task({ ownerId: person, title: word }),
    offeredById: person,
    email: `offer.${word}@example.com`,
    secretHash: hashOfSecret(secret),
    title: word,
  });

  if (column === 'mate') stage.member(team, acting.uuid, 'VIEWER');
  if (column === 'receiver') share(stage.task({ ownerId: person, title: word }), acting.uuid, person);
  if (column === 'giver') share(another, person, acting.uuid);
  if (column === 'participant') stage.conversation(person, word, [acting.uuid]);
  if (column === 'former') {
    const left = { subjectId: newId(), personId: acting.uuid, data: { role: 'MEMBER' } };
    stage.event({ kind: 'team.memberRemoved', teamId: team, actorId: person, ...left });
  }
  const { webhook, delivery } = stage.webhook(person, null, word);
  const view = stage.view({ ownerId: person }, word, '');
  const dashboard = stage.dashboard({ ownerId: person }, word);
  const token = stage.apiToken(person, word);
  return {
    actor,
    word,
    names: {
      view: publicId('View', view),
      dashboard: publicId('CustomDashboard', dashboard),
      webhook: publicId('Webhook', webhook),
      delivery: publicId('WebhookDelivery', delivery),
      ...(column === 'oneself' ? {} : { person: publicId('User', person) }),
      mine: publicId('Task', mine),
      ownConversation: publicId('Conversation', stage.conversation(acting.uuid, `${word}c`, [])),
      token: publicId('ApiToken', token),
      application: publicId('ConnectedApplication', stage.connectedApplication(person, word)),
      approval: publicId('Approval', stage.approval(person, token, word)),
      run: publicId('AgentRun', stage.agentRun(person, word)),
      session: publicId('Session', stage.session(person, word)),
      offer: publicId('ShareOffer', offer),
      block: publicId('Block', stage.block(person, stage.user(`${word}b`, `blocked.${word}@example.com`))),
      invitation: publicId(
        'TeamInvitation',
        stage.invitation({ teamId: elsewhere, email, role: 'MEMBER', invitedById: people.guest.uuid }),
      ),
      fresh: publicId('Task', newId()),
      freshConversation: publicId('Conversation', newId()),
    },
    standing: { email, secret, ...(column === 'oneself' ? { person: acting.id } : {}) },
  };
};

const ownScene: Builder = (stage, { people }, column, word) => {
  const holder = people[column === 'nobody' ? 'guest' : 'alone'].uuid;
  // A person has at most 100 tokens. With READ nothing is done to it.
  const token = stage.apiToken(column === 'READ' ? people.guest.uuid : holder, word);
  return {
    actor: column === 'nobody' ? null : 'alone',
    word,
    names: {
      token: publicId('ApiToken', token),
      application: publicId('ConnectedApplication', stage.connectedApplication(holder, word)),
      approval: publicId('Approval', stage.approval(holder, token, word)),
      run: publicId('AgentRun', stage.agentRun(holder, word)),
      fresh: publicId('Task', newId()),
      freshTeam: publicId('Team', newId()),
      freshConversation: publicId('Conversation', newId()),
    },
    standing: { email: people.alone.email, newEmail: `${word}@example.com` },
  };
};

/** The function that creates the subjects of each table. */
export const scenes = {
  'a task of a team': taskScene(true),
  'a task of one’s own, where the others are in its owner’s team': taskScene(false),
  'a task of a team in the trash': trashScene(true),
  'a task of one’s own in the trash': trashScene(false),
  'a team, where VIEW is a share of one of its tasks': teamScene,
  'a conversation, where a mate is in its owner’s team': conversationScene,
  'a person, by what one is to them': personScene,
  'what is one’s own, by what one shows for it': ownScene,
} satisfies Record<string, Builder>;
