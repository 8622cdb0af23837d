import { getNamedType, isObjectType } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { schema } from '../../schema/index.ts';
import { endOfList } from '../../server/domain/task-position.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { statementsOf } from '../kit/statements.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

const FEW = 5;
const MANY = 50;
/** More than requested, so that each list has a further page. */
const THERE = 60;

let ada: Person;
const ids: Record<string, string> = {};
let taskIds: string[];

beforeAll(async () => {
  ({ ada } = await people('Ada'));
  const own = uuidOf('User', ada.id);
  const rows = <Row>(make: (n: number) => Row) => Array.from({ length: THERE }, (_, n) => make(n));
  const later = new Date(Date.now() + 1e9);

  const users = rows((n) => ({
    id: newId(),
    name: `Person ${n}`,
    email: `p${n}@example.com`,
    updatedAt: new Date(),
  }));
  const userOf = (n: number) => users[n % users.length]?.id ?? '';
  await db.user.createMany({ data: users });
  const teams = rows((n) => ({ id: newId(), name: `Team ${n}`, slug: `team-${n}` }));
  await db.team.createMany({ data: teams });
  const [team] = teams.map(({ id }) => id);
  if (team === undefined) throw new Error('there is no team');
  const owners = teams.map(({ id }) => ({ teamId: id, userId: own, role: 'OWNER' as const }));
  const members = users.map(({ id }) => ({ teamId: team, userId: id, role: 'MEMBER' as const }));
  await db.membership.createMany({ data: [...owners, ...members] });
  await db.membership.createMany({
    data: teams.slice(1).map(({ id }, n) => ({ teamId: id, userId: userOf(n), role: 'VIEWER' as const })),
  });
  const strangers = rows((n) => ({ id: newId(), name: `Elsewhere ${n}`, slug: `elsewhere-${n}` }));
  await db.team.createMany({ data: strangers });
  await verifyAccount(db, ada.email);
  const terms = { role: 'MEMBER', expiresAt: later } as const;
  await db.teamInvitation.createMany({
    data: [
      ...rows((n) => ({ ...terms, teamId: team, email: `guest${n}@example.com`, invitedById: own })),
      ...teams
        .slice(1)
        .map(({ id }) => ({ ...terms, teamId: id, email: 'guest@example.com', invitedById: own })),
      ...strangers.map(({ id }, n) => ({ ...terms, teamId: id, email: ada.email, invitedById: userOf(n) })),
    ],
  });

  const parent = newId();
  const tasks = [
    { id: parent, title: 'The whole', position: 'a0', ownerId: own },
    ...rows((n) => ({
      id: newId(),
      title: `Painting the fence, part ${n}`,
      position: endOfList(new Date(), n),
      ownerId: n % 2 ? own : userOf(n),
      assigneeId: n % 3 ? own : userOf(n),
      teamId: n % 2 ? (teams[n]?.id ?? null) : team,
      parentId: parent,
    })),
  ];
  await db.task.createMany({ data: tasks });
  taskIds = tasks.slice(1).map(({ id }) => publicId('Task', id));
  await db.task.createMany({
    data: tasks
      .slice(1)
      .flatMap(({ id }, n) =>
        [1, 2].map((part) => ({ title: `Detail ${part}`, position: `b${n}V`, ownerId: own, parentId: id })),
      ),
  });
  const shareAll = (taskId: string, among: number) =>
    users.slice(0, among).map(({ id }) => ({ taskId, sharedWithId: id, sharedById: own }));
  await db.taskShare.createMany({ data: tasks.flatMap(({ id }, n) => shareAll(id, n === 0 ? THERE : 6)) });
  await db.trashedTask.createMany({
    data: rows((n) => ({
      id: newId(),
      title: `Deleted ${n}`,
      ownerId: n % 2 ? own : userOf(n),
      teamId: n % 2 ? null : team,
      deletedById: userOf(n),
      deletedAt: new Date(),
      expiresAt: later,
      bytes: 0,
      content: {},
    })),
  });
  const offer = { title: 'Offered', expiresAt: later };
  await db.shareOffer.createMany({
    data: [
      ...rows((n) => ({ ...offer, taskId: tasks[0]?.id ?? '', offeredById: own, userId: userOf(n) })),
      ...tasks.slice(1).map(({ id }, n) => ({ ...offer, taskId: id, offeredById: userOf(n), userId: own })),
    ],
  });
  const blocked = rows((n) => ({
    id: newId(),
    name: `Blocked ${n}`,
    email: `blocked${n}@example.com`,
    updatedAt: later,
  }));
  await db.user.createMany({ data: blocked });
  await db.block.createMany({ data: blocked.map(({ id }) => ({ blockerId: own, blockedId: id })) });
  const commentOn = (taskId: string, times: number) =>
    Array.from({ length: times }, (_, n) => ({ taskId, authorId: userOf(n), body: `Mind the gate, ${n}` }));
  await db.comment.createMany({ data: tasks.flatMap(({ id }, n) => commentOn(id, n === 0 ? THERE : 3)) });

  const conversations = rows((n) => ({ id: newId(), title: `Talk ${n}`, ownerId: n % 2 ? own : userOf(n) }));
  await db.conversation.createMany({ data: conversations });
  const [conversation] = conversations.map(({ id }) => id);
  const others = conversations.flatMap(({ id }, n) =>
    users.slice(0, n === 0 ? MANY : 3).map((user) => ({ conversationId: id, userId: user.id })),
  );
  await db.conversationParticipant.createMany({
    data: [...conversations.map(({ id }) => ({ conversationId: id, userId: own })), ...others],
  });
  await db.message.createMany({
    data: conversations.flatMap(({ id: conversationId }, n) =>
      Array.from({ length: n === 0 ? THERE : 3 }, (_, m) => ({
        conversationId,
        authorId: userOf(m),
        role: 'USER' as const,
        content: `The lamp is lit, ${m}`,
        createdAt: new Date(Date.now() + m),
      })),
    ),
  });
  const offered = rows((n) => ({ id: newId(), title: `Offered ${n}`, ownerId: userOf(n) }));
  await db.conversation.createMany({ data: offered });
  await db.conversationOffer.createMany({
    data: offered.map(({ id, ownerId }) => ({ conversationId: id, userId: own, offeredById: ownerId })),
  });
  await db.apiToken.createMany({
    data: rows((n) => ({
      userId: own,
      name: `Token ${n}`,
      hash: Buffer.from(`token ${n}`),
      scopes: ['READ' as const],
    })),
  });
  const webhooks = rows((n) => ({
    id: newId(),
    userId: own,
    url: `https://receiver.example.com/${n}`,
    secret: 'x',
    disabledReason: 'BY_PERSON' as const,
  }));
  await db.webhook.createMany({ data: webhooks });
  const [webhook] = webhooks.map(({ id }) => id);
  await db.webhookDelivery.createMany({
    data: webhooks.flatMap(({ id }, n) =>
      Array.from({ length: n === 0 ? THERE : 3 }, () => ({
        webhookId: id,
        status: 'DELIVERED' as const,
        transactionId: 2n ** 60n,
        eventSequence: 1n,
      })),
    ),
  });
  const token = await db.apiToken.findFirstOrThrow({ where: { userId: own } });
  await db.approval.createMany({
    data: rows((n) => ({
      userId: own,
      apiTokenId: token.id,
      verb: 'deleteTask',
      arguments: {},
      taskIds: [],
      taskVersions: [],
      fingerprint: `approval ${n}`,
      expiresAt: new Date(Date.now() + 60 * 60_000),
    })),
  });
  await db.connectedApplication.createMany({
    data: rows((n) => ({
      userId: own,
      name: `Program ${n}`,
      clientId: newId(),
      redirectUri: 'http://127.0.0.1/callback',
      resource: 'MCP' as const,
      scopes: ['READ' as const],
      codeHash: Buffer.from(`code ${n}`),
      codeChallenge: '',
      codeExpiresAt: new Date(),
      expiresAt: new Date(Date.now() + 60 * 60_000),
    })),
  });
  const runs = rows((n) => ({
    id: newId(),
    userId: own,
    kind: 'API_TOKEN' as const,
    name: `Run ${n}`,
  }));
  await db.agentRun.createMany({ data: runs });
  await db.event.createMany({
    data: runs.flatMap(({ id: runId }, n) =>
      Array.from({ length: n === 0 ? THERE : 3 }, () => ({
        kind: 'task.updated',
        actorId: own,
        subjectId: tasks[n]?.id ?? '',
        runId,
      })),
    ),
  });
  const told = { actorId: own, data: { role: 'MEMBER' } };
  await db.event.createMany({
    data: rows((n) => [
      { ...told, kind: 'task.updated', subjectId: tasks[n]?.id ?? '', personId: userOf(n), teamId: team },
      { ...told, kind: 'team.updated', subjectId: teams[n]?.id ?? '', teamId: teams[n]?.id ?? '' },
    ]).flat(),
  });
  const view = await db.view.create({
    data: {
      ownerId: own,
      name: 'All',
      filterText: '',
      orderField: 'dueOn',
      orderDirection: 'asc',
      layout: 'LIST',
      position: 'a0',
    },
  });
  Object.assign(ids, {
    view: publicId('View', view.id),
    task: publicId('Task', parent),
    team: publicId('Team', team),
    webhook: publicId('Webhook', webhook ?? ''),
    conversation: publicId('Conversation', conversation ?? ''),
    run: publicId('AgentRun', runs[0]?.id ?? ''),
  });
}, 60_000);

const PERSON = 'id name email';

/** Every list, with the largest selection that needs no aliases. */
const lists: Record<string, string> = {
  tasks: `tasks(first: $n) { nodes { id title labels owner { ${PERSON} } assignee { ${PERSON} } team { id name }
    shares(first: 5) { nodes { id permission sharedWith { ${PERSON} } } } viewerCan { edit share } } }`,
  'tasks, and all below': `tasks(first: $n) { totalCount nodes { id parent { id title }
    owner { id } team { id owner { id } members(first: 2) { totalCount nodes { id user { id } } } }
    shares(first: 2) { totalCount nodes { id sharedBy { id } task { id } } }
    comments(last: 2) { totalCount nodes { id author { id } viewerCan { edit } } }
    subtasks(first: 2) { totalCount nodes { id owner { id } } } } }`,
  'TaskGroup.tasks': 'taskGroups(by: STATUS) { key count tasks(first: $n) { nodes { id title } } }',
  'TaskGroup.firstTasks':
    'taskGroups(by: STATUS) { key count firstTasks(first: $n) { id title assignee { id } viewerCan { edit } } }',
  'View.tasks':
    'node(id: $view) { ... on View { totalCount tasks(first: $n) { totalCount nodes { id title } } } }',
  'Task.shares':
    'task(id: $task) { shares(first: $n) { totalCount nodes { id sharedWith { id } sharedBy { id } } } }',
  'Task.comments':
    'task(id: $task) { comments(last: $n) { totalCount nodes { id author { id } viewerCan { delete } } } }',
  'Task.subtasks':
    'task(id: $task) { subtasks(first: $n) { totalCount nodes { id owner { id } viewerCan { edit } } } }',
  teams: `teams(first: $n) { totalCount nodes { id owner { id } viewerCan { update } viewerRole
    members(first: 2) { totalCount nodes { id user { id } viewerCan { manage } } }
    invitations(first: 2) { totalCount nodes { id invitedBy { id } } } } }`,
  'Team.members':
    'team(id: $team) { members(first: $n) { totalCount nodes { id user { id } team { id owner { id } } } } }',
  'Team.invitations':
    'team(id: $team) { invitations(first: $n) { totalCount nodes { id invitedBy { id } viewerCan { revoke } } } }',
  'User.invitations':
    'viewer { invitations(first: $n) { totalCount nodes { id teamName invitedBy { id } } } }',
  'User.shareOffers':
    'viewer { shareOffers(first: $n) { totalCount nodes { id taskTitle offeredByName receiver } } }',
  'User.blockedPeople': 'viewer { blockedPeople(first: $n) { totalCount nodes { id name } } }',
  'Task.shareOffers':
    'task(id: $task) { shareOffers(first: $n) { totalCount nodes { id receiver task { id } } } }',
  'User.approvals': 'viewer { approvals(first: $n) { totalCount nodes { id status } } }',
  'User.conversationOffers':
    'viewer { conversationOffers(first: $n) { totalCount nodes { conversationId title offeredByName } } }',
  'User.connectedApplications':
    'viewer { connectedApplications(first: $n) { totalCount nodes { id name host redirectPlace } } }',
  'User.apiTokens': 'viewer { apiTokens(first: $n) { totalCount nodes { id name } } }',
  webhooks: `webhooks(first: $n) { totalCount nodes { id url person position team { id }
    deliveries(first: 2) { totalCount nodes { id replayCursor } } } }`,
  'Webhook.deliveries': `node(id: $webhook) { ... on Webhook { deliveries(first: $n) {
    totalCount nodes { id status replayCursor } } } }`,
  'conversations and what was said': `conversations(first: $n) { nodes { id title updatedAt owner { ${PERSON} }
    viewerCan { send } messages(last: 20) { nodes { id role content toolCalls createdAt author { ${PERSON} } } } } }`,
  conversations: `conversations(first: $n) { totalCount nodes { id owner { id } viewerCan { send }
    participants(first: 2) { totalCount nodes { id } } messages(last: 2) { totalCount nodes { id author { id } } } } }`,
  'Conversation.participants':
    'conversation(id: $conversation) { participants(first: $n) { totalCount nodes { id name } } }',
  'Conversation.messages': `conversation(id: $conversation) { messages(last: $n) { totalCount nodes { id author { id }
    conversation { id } } } }`,
  activity: `activity(first: $n) { totalCount nodes { id actor { id } person { id } team { id owner { id } }
    task { id owner { id } shares(first: 1) { nodes { id } } } subject { id } } }`,
  trash: 'trash(first: $n) { totalCount nodes { id title owner { id } deletedBy { id } team { id name } } }',
  agentRuns: `agentRuns(first: $n) { totalCount nodes { id name lastEventAt eventCount
    events(first: 3) { totalCount nodes { id through { agentRun { id name } } } } } }`,
  'AgentRun.events': `node(id: $run) { ... on AgentRun { events(first: $n) {
    totalCount nodes { id actor { id } task { id } } } } }`,
  'search for tasks': `search(query: "fence", types: [TASK], first: $n) { node { ... on Task { id owner { id } team { id } } } }`,
  'search for comments': `search(query: "gate", types: [COMMENT], first: $n) { node { ... on Comment { id task { id } author { id } } } }`,
  'search for messages': `search(query: "lamp", types: [MESSAGE], first: $n) { node { ... on Message { id author { id } } } }`,
  nodes: 'nodes(ids: $ids) { ... on Task { id owner { id } team { id } shares(first: 1) { nodes { id } } } }',
};

const parameters: Record<string, string> = { n: 'Int!', ids: '[ID!]!' };

interface Measured {
  length: number;
  statements: string[];
}

async function measure(fields: string, n: number): Promise<Measured> {
  const names = [...new Set([...fields.matchAll(/\$(\w+)/g)].map(([, name = '']) => name))];
  const typed = names.map((name) => `$${name}: ${parameters[name] ?? 'ID!'}`);
  const given = { ...ids, n, ids: taskIds.slice(0, n) };
  const variables = Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
  let answer: object = {};
  const sent = await statementsOf(async () => {
    answer = await ada.query<object>(`query (${typed.join(', ')}) { ${fields} }`, variables);
  });
  return { length: longestIn(answer), statements: sent.map(nameOf).sort() };
}

/** The length of the longest list in an answer. */
function longestIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(Array.isArray(value) ? value.length : 0, ...Object.values(value).map(longestIn));
}

/** The label of a statement, or the table that it reads. */
function nameOf(statement: string): string {
  const label = /^\s*\/\* (\w+) \*\//.exec(statement)?.[1];
  const table = /FROM "public"\."(\w+)"/.exec(statement)?.[1] ?? statement;
  return label ?? (statement.includes('COUNT(*) AS "_count$_all"') ? `count of ${table}` : table);
}

test('[FR-014] the number of statements of a list does not depend on its length', async () => {
  await ada.query('{ viewer { id } }');
  const lines: string[] = [];
  for (const [name, fields] of Object.entries(lists)) {
    const few = await measure(fields, FEW);
    const many = await measure(fields, MANY);
    expect([few.length, many.length], name).toEqual([FEW, MANY]);
    expect(many.statements, name).toEqual(few.statements);
    lines.push(
      `${name}: ${many.statements.length} for ${FEW} and for ${MANY}: ${many.statements.join(', ')}`,
    );
  }
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "tasks: 2 for 5 and for 50: readTasks, viewerOf
    tasks, and all below: 4 for 5 and for 50: countByCounters, readTasks, tasks, viewerOf
    TaskGroup.tasks: 7 for 5 and for 50: groupByCounters, readTasks, readTasks, readTasks, readTasks, users, viewerOf
    TaskGroup.firstTasks: 5 for 5 and for 50: firstOfGroups, groupByCounters, tasks, users, viewerOf
    View.tasks: 5 for 5 and for 50: countByCounters, countByCounters, readTasks, viewerOf, views
    Task.shares: 2 for 5 and for 50: tasks, viewerOf
    Task.comments: 2 for 5 and for 50: tasks, viewerOf
    Task.subtasks: 2 for 5 and for 50: tasks, viewerOf
    teams: 4 for 5 and for 50: count of teams, memberships, teams, viewerOf
    Team.members: 3 for 5 and for 50: memberships, teams, viewerOf
    Team.invitations: 2 for 5 and for 50: teams, viewerOf
    User.invitations: 4 for 5 and for 50: count of team_invitations, team_invitations, users, viewerOf
    User.shareOffers: 4 for 5 and for 50: count of share_offers, share_offers, users, viewerOf
    User.blockedPeople: 2 for 5 and for 50: users, viewerOf
    Task.shareOffers: 2 for 5 and for 50: tasks, viewerOf
    User.approvals: 2 for 5 and for 50: users, viewerOf
    User.conversationOffers: 4 for 5 and for 50: conversation_offers, count of conversation_offers, users, viewerOf
    User.connectedApplications: 2 for 5 and for 50: users, viewerOf
    User.apiTokens: 2 for 5 and for 50: users, viewerOf
    webhooks: 5 for 5 and for 50: count of webhooks, lastEvents, lastEvents, viewerOf, webhooks
    Webhook.deliveries: 3 for 5 and for 50: lastEvents, viewerOf, webhooks
    conversations and what was said: 4 for 5 and for 50: readConversations, users, users, viewerOf
    conversations: 4 for 5 and for 50: conversations, conversations, count of conversations, viewerOf
    Conversation.participants: 3 for 5 and for 50: conversations, conversations, viewerOf
    Conversation.messages: 2 for 5 and for 50: conversations, viewerOf
    activity: 14 for 5 and for 50: conversation_participants, countEvents, events, findEvents, memberships, tasks, tasks, teams, teams, users, users, viewerOf, visibleUsers, visibleUsers
    trash: 8 for 5 and for 50: countTrash, trashPage, trashed_tasks, users, users, viewerOf, visibleUsers, visibleUsers
    agentRuns: 10 for 5 and for 50: agent_runs, agent_runs, agent_runs, count of agent_runs, countRunEvents, events, extentsOfRuns, extentsOfRuns, findRunEvents, viewerOf
    AgentRun.events: 8 for 5 and for 50: agent_runs, countRunEvents, events, findRunEvents, tasks, users, viewerOf, visibleUsers
    search for tasks: 3 for 5 and for 50: search, tasks, viewerOf
    search for comments: 3 for 5 and for 50: comments, search, viewerOf
    search for messages: 3 for 5 and for 50: messages, search, viewerOf
    nodes: 2 for 5 and for 50: tasks, viewerOf"
  `);
});

test('[FR-014] every list is covered', () => {
  const root = Object.keys(schema.getQueryType()?.getFields() ?? {});
  const ofTypes = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => getNamedType(field.type).name.endsWith('Connection'))
    .map(({ type, field }) =>
      root.includes(field.name) && type.name === 'Query' ? field.name : `${type.name}.${field.name}`,
    );
  expect(ofTypes.length).toBeGreaterThan(10);
  expect(ofTypes.filter((name) => !(name in lists))).toEqual([]);
});
