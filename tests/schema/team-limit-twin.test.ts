import { expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { verifyAccount } from '../../server/auth/account.ts';
import { agentOf, type Agent } from '../kit/agent.ts';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { dice, type Dice } from '../kit/dice.ts';
import { dialAs, watchOn } from '../kit/live.ts';
import { giveShare } from '../kit/shares.ts';
import { invite, teamOf, type Role } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ RATE_LIMIT_POINTS: '0', RATE_LIMIT_REQUESTS: '0' });
const { db, people } = world;

/** In every text of what a limited token must not see. */
const HIDDEN = 'Zebra';
const WORDS = ['Alpha', 'Beta', 'Gamma'];

interface Made {
  ids: string[];
  foreign: string[];
  labels: string[];
  before: string;
}

const send = (person: Person, verb: string, input: object, fields = 'cursor') =>
  person.query<Record<string, Record<string, { id: string }>>>(
    `mutation ($input: ${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input!) { ${verb}(input: $input) { ${fields} } }`,
    { input },
  );

const idOf = async (sent: ReturnType<typeof send>, verb: string, name: string) =>
  (await sent)[verb]?.[name]?.id ?? '';

/** Work in the team, in another team of the person, in one that they are not in, and of people alone. */
async function work(
  { roll, pick, happens }: Dice,
  inTeam: { team: string; crew: Person[]; boss: Person; outsider: Person },
  { ada, other, dan }: { ada: Person; other: string; dan: Person },
): Promise<Made> {
  const { cursor: before } = await inTeam.boss.query<{ cursor: string }>('{ cursor }');
  const ids: string[] = [];
  const foreign: string[] = [];
  const details = (label: string) => ({
    description: pick(WORDS),
    labels: [label],
    priority: pick(['NONE', 'LOW', 'HIGH', 'URGENT']),
    status: pick(['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED']),
    ...(happens(0.5) ? { dueOn: `2026-1${roll(3)}-1${roll(9)}` } : {}),
  });
  const workers = inTeam.crew;
  const seen = async (title: string, more: object = {}, by = pick(workers)) => {
    const id = await by.createTask(title, { ...details('seen'), teamId: inTeam.team, ...more });
    ids.push(id);
    return id;
  };
  const hidden = async (owner: Person, teamId: string | null = null, more: object = {}) => {
    const title = `${HIDDEN} ${pick(WORDS)} ${foreign.length}`;
    const id = await owner.createTask(title, { ...details(`${HIDDEN} label`), teamId, ...more });
    foreign.push(id);
    return id;
  };
  const comment = async (person: Person, taskId: string, body: string) =>
    idOf(send(person, 'addComment', { taskId, body }, 'comment { id }'), 'addComment', 'comment');

  const mine: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    const task = await seen(`${pick(WORDS)} ${n}`, happens(0.4) ? { assigneeId: pick(workers).id } : {});
    if (happens(0.6)) ids.push(await comment(pick(workers), task, `${pick(WORDS)} comment`));
    if (happens(0.3)) await seen(`Sub ${n}`, { parentId: task }, inTeam.boss);
    const own = await hidden(ada, happens(0.4) ? other : null);
    mine.push(own);
    foreign.push(await comment(ada, own, `${HIDDEN} comment ${pick(WORDS)}`));
    if (happens(0.3)) await hidden(ada, null, { parentId: own });
    if (happens(0.3)) await hidden(ada, null, { parentId: task }).catch(() => undefined);
    const his = await hidden(dan);
    if (happens(0.5)) await giveShare(dan, ada, his);
    if (happens(0.3)) await hidden(dan, other, { assigneeId: ada.id });
  }
  const [second = '', third = '', fourth = ''] = ids.filter((id) => id.startsWith('task'));
  const given = await seen('Shared', {}, inTeam.boss);
  for (const receiver of [inTeam.outsider, ada]) await giveShare(inTeam.boss, receiver, given);
  // Across the border, in both directions.
  const entered = mine[0] ?? '';
  const left = await inTeam.boss.createTask('Gone', { teamId: inTeam.team });
  await send(inTeam.boss, 'updateTask', { id: left, teamId: null, title: `${HIDDEN} left` });
  foreign.push(left);
  await send(ada, 'updateTask', {
    id: entered,
    teamId: inTeam.team,
    title: 'Entered',
    labels: [],
    description: '',
  });
  foreign.splice(foreign.indexOf(entered), 1);
  ids.push(entered);
  for (const { node } of (
    await ada.query<{ task: { comments: { edges: { node: { id: string } }[] } } }>(
      'query ($id: ID!) { task(id: $id) { comments { edges { node { id } } } } }',
      { id: entered },
    )
  ).task.comments.edges) {
    await send(ada, 'updateComment', { id: node.id, body: 'Entered comment' });
    foreign.splice(foreign.indexOf(node.id), 1);
  }
  // Below a task that is shared with the person, and one that was.
  const shared = await hidden(dan);
  await giveShare(dan, ada, shared, { permission: 'EDIT' });
  await seen('Sub of a shared one', { parentId: shared }, ada);
  const deleted = await hidden(dan);
  await giveShare(dan, ada, deleted);
  await send(dan, 'deleteTask', { id: deleted });
  await send(inTeam.boss, 'archiveTask', { id: second });
  await send(inTeam.boss, 'deleteTask', { id: third });
  await send(inTeam.boss, 'updateTask', { id: fourth, status: 'DONE' });
  await send(ada, 'deleteTask', { id: mine[1] ?? '' });
  await send(dan, 'deleteTask', { id: await hidden(dan, other) });

  const view = (person: Person, name: string, teamId: string | null) =>
    idOf(
      send(
        person,
        'createView',
        { name, teamId, filterText: 'label:seen', groupBy: 'STATUS' },
        'view { id }',
      ),
      'createView',
      'view',
    );
  ids.push(await view(inTeam.boss, 'Seen', inTeam.team));
  foreign.push(await view(ada, `${HIDDEN} view`, null), await view(dan, `${HIDDEN} view`, other));
  ids.push((await invite(inTeam.boss, inTeam.team, `new.${roll(1e9)}@example.com`)).id);
  foreign.push((await teamOf(dan).then(({ id }) => invite(dan, id, ada.email))).id);
  foreign.push((await invite(dan, other, `new.${roll(1e9)}@example.com`)).id);
  const conversation = await idOf(
    send(
      dan,
      'createConversation',
      { title: `${HIDDEN} talk`, participantIds: [ada.id] },
      'conversation { id }',
    ),
    'createConversation',
    'conversation',
  );
  const message = await idOf(
    send(dan, 'sendMessage', { conversationId: conversation, content: `${HIDDEN} Alpha` }, 'message { id }'),
    'sendMessage',
    'message',
  );
  foreign.push(conversation, message, other, (await apiTokenOf(ada, { name: `${HIDDEN} token` })).id);
  await send(ada, 'updateViewer', { locale: 'de' });
  return { ids: [...ids, inTeam.team], foreign, labels: ['seen'], before };
}

const TASK =
  'id title description status priority dueOn labels position version owner { id name } assignee { id }';

/** What both must answer alike. */
function questions(team: string, ids: string[], own: boolean): [string, object][] {
  const orders = ['CREATED_AT', 'TITLE', 'DUE_ON', 'PRIORITY', 'STATUS', 'POSITION', 'UPDATED_AT'];
  const filters = [
    {},
    { archived: true },
    { status: { in: ['TODO', 'IN_PROGRESS'] } },
    { priority: { eq: 'HIGH' } },
    { dueOn: { isNull: true } },
    { team: { eq: team } },
    { team: { isNull: true } },
    { not: { team: { eq: team } } },
    { parent: { isNull: true } },
    { parent: { isNull: false } },
    { labels: { has: 'seen' } },
    { labels: { isEmpty: true } },
    { text: 'alp' },
    { title: { contains: 'e' } },
    { sharedWithViewer: true },
    { or: [{ status: { eq: 'DONE' } }, { archived: true }] },
  ];
  const texts = ['', 'text:alpha', 'label:seen', 'due:<2026-12-01', '-status:done'];
  const nodesOf = `nodes(ids: $ids) {
    id
    ... on Task { ${TASK} team { id } parent { id title } subtasks { nodes { id } totalCount } comments { nodes { body author { id } } totalCount }
                  shares { nodes { id sharedWith { id } } totalCount } shareOffers { totalCount } }
    ... on Comment { body task { id title } }
    ... on View { name tasks { nodes { id } totalCount } totalCount isTotalCountExact }
    ... on Team { name openTaskCount viewerRole owner { id } members { nodes { id role user { id name email } } totalCount } invitations { nodes { id email } totalCount } }
    ... on TeamInvitation { email }
  }`;
  return [
    ...orders.map((field): [string, object] => [
      `query ($order: [TaskOrder!]) { tasks(orderBy: $order, first: 100) { totalCount isTotalCountExact nodes { ${TASK} } } }`,
      { order: [{ field, direction: 'ASC' }] },
    ]),
    ...filters.map((filter): [string, object] => [
      `query ($filter: TaskFilter) {
         tasks(filter: $filter, first: 100) { totalCount isTotalCountExact nodes { id } }
         taskGroups(by: STATUS, filter: $filter) { key count tasks { nodes { id } } }
         labels: taskGroups(by: LABEL, filter: $filter) { key count }
         people: taskGroups(by: ASSIGNEE, filter: $filter) { key count assignee { id } }
         weeks: taskGroups(by: DUE_WEEK, filter: $filter) { key count }
       }`,
      { filter },
    ]),
    ...texts.map((text): [string, object] => [
      'query ($text: String) { tasks(filterText: $text, first: 100) { totalCount nodes { id } } }',
      { text },
    ]),
    ...[...WORDS, HIDDEN, 'comment', 'Entered'].map((query): [string, object] => [
      'query ($query: String!) { search(query: $query, first: 50) { snippet { text } node { __typename ... on Node { id } } } }',
      { query },
    ]),
    [
      '{ teams { totalCount nodes { id name slug viewerRole openTaskCount } } labels { label taskCount } }',
      {},
    ],
    ...Array.from({ length: Math.ceil(ids.length / 25) }, (_, n): [string, object] => [
      `query ($ids: [ID!]!) { ${nodesOf} }`,
      { ids: ids.slice(n * 25, n * 25 + 25) },
    ]),
    [
      `query ($team: ID!) {
         views(teamId: $team) { id name totalCount }
         labels(scope: { teamId: $team }) { label taskCount }
         dashboard(scope: { teamId: $team }) {
           statistics { total pending completed shared } breakdown { status count } priorities { priority count }
           overdue dueToday dueThisWeek shared { total } createdPerDay(days: 7) { day count } completedPerDay(days: 7) { day count }
           history(days: 7) { burnUp { day total completed } }
         }
         activity(filter: { team: { eq: $team } }, first: 100) {
           totalCount nodes { kind actor { id } person { id } team { id } task { id title } subject { id } changes { field before after } }
         }
       }`,
      { team },
    ],
    ...(own ? [['{ trash { totalCount nodes { id title owner { id } } } }', {}] as [string, object]] : []),
    ['{ conversations { totalCount nodes { id } } }', {}],
  ];
}

async function asked(token: string, query: string, variables: object): Promise<string> {
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.text();
}

/** All events since a cursor, as a subscription delivers them. */
async function replay(token: string, after: string): Promise<string[]> {
  const told = watchOn<{ events: { event: { kind: string; team: { id: string } | null } | null } }>(
    await dialAs(world, { token }),
    `subscription ($after: String) { events(after: $after) {
       event { kind team { id } actor { id } task { id title } subject { id } changes { field after } } } }`,
    { after },
  );
  await told.until(({ events }) => events.event === null);
  return told.told.flatMap(({ events: { event } }) => (event ? [JSON.stringify(event)] : []));
}

const ROLES: readonly Role[] = ['ADMIN', 'MEMBER', 'VIEWER'];

test.each(ROLES.map((role, n) => ({ role, seed: 41 + n })))(
  '[FR-009] [SC-005] with a token limited to a team, its $role sees what a person sees who is only in this team',
  async ({ role, seed }) => {
    const { ada, tim, bob, cleo, dan, eve } = await people('Ada', 'Tim', 'Bob', 'Cleo', 'Dan', 'Eve');
    await verifyAccount(db, ada.email);
    const { id: team } = await teamOf(bob, [[cleo, 'MEMBER']]);
    const { id: other } = await teamOf(dan, [[ada, 'ADMIN']]);
    await db.membership.createMany({
      data: [ada, tim].map(({ id }) => ({
        teamId: uuidOf('Team', team),
        userId: uuidOf('User', id),
        role: 'MEMBER' as const,
      })),
    });
    // The owner cannot share with people in no team of theirs at once.
    await teamOf(bob, [[eve, 'VIEWER']]);
    const ofTeam = { team, crew: [bob, cleo, ada], boss: bob, outsider: eve };
    const made = await work(dice(seed), ofTeam, { ada, other, dan });
    await db.team.update({ where: { id: uuidOf('Team', other) }, data: { name: `${HIDDEN} ${seed}` } });
    const both = [ada, tim].map(({ id }) => uuidOf('User', id));
    await db.membership.updateMany({
      where: { teamId: uuidOf('Team', team), userId: { in: both } },
      data: { role },
    });

    const scopes = ['READ', 'WRITE'];
    const { token: limited } = await apiTokenOf(ada, { scopes, teamIds: [team] });
    const { token: twin } = await apiTokenOf(tim, { scopes });
    const answers: { text: string; given: string }[] = [];
    const alike = (mine: string, his: string, about: string) => {
      answers.push({ text: mine, given: about });
      expect(mine, about).toBe(his);
    };

    const all = [...made.ids, ...made.foreign];
    for (const [query, variables] of questions(team, all, role === 'ADMIN')) {
      const [mine, his] = await Promise.all([
        asked(limited, query, variables),
        asked(twin, query, variables),
      ]);
      alike(mine, his, `${query} ${JSON.stringify(variables)}`);
    }
    for (const path of ['tasks.csv', 'tasks.jsonl?order=TITLE:ASC', 'tasks.csv?filter=text:alpha']) {
      const load = async (token: string) =>
        (
          await fetch(`${world.url}/export/${path}`, { headers: { authorization: `Bearer ${token}` } })
        ).text();
      alike(await load(limited), await load(twin), path);
    }
    const [mine, his] = [await replay(limited, made.before), await replay(twin, made.before)];
    const ofTeams = his.filter((event) => !event.includes('"team":null'));
    alike(mine.join('\n'), ofTeams.join('\n'), 'the events');
    expect(mine.length).toBeGreaterThan(15);

    const first = await agentOf(ada, world.url, { token: limited });
    const second = await agentOf(tim, world.url, { token: twin });
    for (const [tool, input] of [
      ['list_tasks', {}],
      ['search', { query: 'alpha' }],
      ['get', { ids: all.filter((id) => /^(task|team|conversation)_/.test(id)).slice(0, 20) }],
      ['changes_since', { cursor: made.before }],
      ['dashboard', { teamId: team }],
    ] as const) {
      const plain = async (called: Agent) => {
        const {
          cost: _cost,
          viewer: _viewer,
          ...rest
        } = await called.call<{
          cost: unknown;
          viewer?: unknown;
          changes?: { team?: string }[];
        }>(tool, input);
        // The twin's own token and refusals.
        if (called === second) rest.changes = rest.changes?.filter((change) => change.team !== undefined);
        return JSON.stringify(rest).replaceAll(/"cursor":"[^"]*"/g, '');
      };
      alike(await plain(first), await plain(second), `${tool} ${JSON.stringify(input)}`);
    }

    const log = (filter: string) =>
      `{ activity(first: 100${filter}) { totalCount nodes { id kind team { id } task { id title } actor { id } } } }`;
    const activity = await asked(limited, log(''), {});
    alike(activity, await asked(twin, log(`, filter: { team: { eq: "${team}" } }`), {}), log(''));

    // What differs by identity only.
    for (const query of [
      '{ trash(first: 100) { nodes { id title } } }',
      '{ tasks(filter: { ownedOrAssigned: true }, first: 100) { totalCount nodes { id title team { id } } } }',
      '{ tasks(filterText: "assignee:me") { totalCount nodes { id title team { id } } } }',
      '{ tasks(filterText: "owner:me") { totalCount nodes { id title team { id } } } }',
      `{ viewer { id name locale isAdmin usage { rows } unreadConversationCount
          apiTokens { nodes { name } } connectedApplications { totalCount } approvals { totalCount } blockedPeople { totalCount }
          invitations { nodes { teamName } } shareOffers { totalCount } conversationOffers { totalCount } } }`,
    ])
      answers.push({ text: await asked(limited, query, {}), given: query });
    expect(answers.filter(({ text }) => text.startsWith('{"errors"'))).toEqual([]);
    for (const { text, given } of answers) {
      expect(text).not.toContain(HIDDEN);
      // Errors name the id that was asked for.
      for (const id of made.foreign) if (!given.includes(id)) expect(text).not.toContain(id);
    }
  },
  120_000,
);
