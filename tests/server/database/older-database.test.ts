import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { run } from '../../../ops/backup/programs.ts';
import { applyMigrations, migrationsFolder } from '../../../server/database/migrations.ts';
import { publicId } from '../../../server/ids.ts';
import { differencesIn } from '../../kit/counters.ts';
import { hasPgDump } from '../../kit/ops.ts';
import { startTestServer } from '../../kit/server.ts';
import { emptyDatabase, query } from './scratch-database.ts';

/** The first migration that the old database does not have. */
const FIRST_NEW = '20261128210000';
/** Of "correct horse battery", as the server stored it at that time. */
const PASSWORD_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$LIdRmtR2l96yBRiJhjAc3Q$T5yswokj2cizw6IZ74TLaO91ZAoN/H50D7WGZiwSI/M';

const uuid = (n: number) => `019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [ADA, BOB, TEAM, TALK] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const [SWEEPING, BRIDGE, PLAN, SUMMARY, LENT, ENDED] = [11, 12, 13, 14, 15, 16].map(uuid) as [
  string,
  string,
  string,
  string,
  string,
  string,
];

interface Facts {
  owner?: string;
  team?: string;
  dueOn?: string;
  assignee?: string;
  status: string;
  priority: string;
  archived?: boolean;
  createdAt: string;
  startedAt?: string;
  completedAt?: string;
}

const facts = ({
  owner = ADA,
  team,
  assignee,
  dueOn,
  archived = false,
  startedAt,
  completedAt,
  ...rest
}: Facts) => ({
  ...{ owner, assignee: assignee ?? null, team: team ?? null, dueOn: dueOn ?? null, archived },
  ...{ startedAt: startedAt ?? null, completedAt: completedAt ?? null },
  ...rest,
});

/** An event of a task, by its owner. */
function told(at: string, kind: string, task: string, before: Facts | null, after: Facts): string {
  const { owner, team } = facts(after);
  const data = { before: before && facts(before), after: facts(after), ...(!before && { fingerprint: 'x' }) };
  return `INSERT INTO events (at, kind, actor_id, subject_id, person_id, team_id, data)
    VALUES ('${at}', '${kind}', '${owner}', '${task}', '${owner}', ${team ? `'${team}'` : 'NULL'}, '${JSON.stringify(data)}');`;
}

const created = (task: string, after: Facts) => told(after.createdAt, 'task.created', task, null, after);

const sweeping: Facts = {
  dueOn: '2025-11-20',
  status: 'TODO',
  priority: 'HIGH',
  createdAt: '2025-11-10T03:30:00.000Z',
};
const bridge: Facts = { status: 'TODO', priority: 'MEDIUM', createdAt: '2025-11-10T12:00:00.000Z' };
const begun: Facts = { ...bridge, status: 'IN_PROGRESS', startedAt: '2025-11-11T12:00:00.000Z' };
const plan: Facts = { status: 'TODO', priority: 'NONE', createdAt: '2025-11-10T15:00:00.000Z' };
const dropped: Facts = { ...plan, status: 'CANCELLED' };
const summary: Facts = {
  ...{ team: TEAM, assignee: BOB, status: 'TODO', priority: 'URGENT', createdAt: '2025-11-12T15:00:00.000Z' },
};

const lent: Facts = { owner: BOB, status: 'TODO', priority: 'LOW', createdAt: '2025-11-09T10:00:00.000Z' };

/** Texts as they were stored at that time: with combining accents, and with letters that are now folded differently. */
const CONTENT = `
  INSERT INTO users (id, name, email, timezone, created_at, updated_at) VALUES
    ('${ADA}', 'Ada', 'ada@example.com', 'America/New_York', '2025-11-01', '2025-11-01'),
    ('${BOB}', 'Bjo\u0308rn', 'bob@example.com', 'Asia/Kolkata', '2025-11-01', '2025-11-01');
  INSERT INTO accounts (id, account_id, provider_id, user_id, password, updated_at)
    SELECT gen_random_uuid(), id::text, 'credential', id, '${PASSWORD_HASH}', created_at FROM users;
  INSERT INTO teams (id, name, slug, created_at) VALUES ('${TEAM}', 'Garden', 'garden', '2025-11-01');
  INSERT INTO memberships (id, team_id, user_id, role) VALUES
    ('${uuid(21)}', '${TEAM}', '${ADA}', 'OWNER'), ('${uuid(22)}', '${TEAM}', '${BOB}', 'MEMBER');
  INSERT INTO tasks (id, title, description, status, priority, due_on, labels, position, owner_id, assignee_id, team_id,
                     started_at, completed_at, archived_at, version, created_at, updated_at) VALUES
    ('${SWEEPING}', 'Straße kehren', 'mit dem Besen', 'TODO', 'HIGH', '2025-11-20', ARRAY['Cafe\u0301', 'home', 'Café'], 'a1',
     '${ADA}', NULL, NULL, NULL, NULL, NULL, 3, '2025-11-10T03:30Z', '2025-11-10T03:30:00.123Z'),
    ('${BRIDGE}', 'ÜBER die Brücke', '', 'DONE', 'MEDIUM', NULL, '{}', 'a0',
     '${ADA}', NULL, NULL, '2025-11-11T12:00Z', '2025-11-12T04:30Z', NULL, 3, '2025-11-10T12:00Z', '2025-11-12T04:30Z'),
    ('${PLAN}', 'Old plan', '', 'CANCELLED', 'NONE', NULL, '{}', 'a2',
     '${ADA}', NULL, NULL, NULL, NULL, '2025-11-13T15:00Z', 3, '2025-11-10T15:00Z', '2025-11-13T15:00Z'),
    ('${SUMMARY}', 'Re\u0301sume\u0301', 'Смотри', 'IN_PROGRESS', 'URGENT', NULL, '{}', 'Zz',
     '${ADA}', '${BOB}', '${TEAM}', '2025-11-14T01:00Z', NULL, NULL, 2, '2025-11-12T15:00Z', '2025-11-14T01:00Z'),
    ('${LENT}', 'Lent by Bob', '', 'TODO', 'LOW', NULL, '{}', 'a0',
     '${BOB}', NULL, NULL, NULL, NULL, NULL, 1, '2025-11-09T10:00Z', '2025-11-09T10:00Z'),
    ('${ENDED}', 'Lent no longer', '', 'TODO', 'LOW', NULL, '{}', 'a1',
     '${BOB}', NULL, NULL, NULL, NULL, NULL, 1, '2025-11-09T11:00Z', '2025-11-09T11:00Z');
  INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id, permission, expires_at) VALUES
    ('${uuid(31)}', '${LENT}', '${ADA}', '${BOB}', 'EDIT', NULL),
    ('${uuid(32)}', '${ENDED}', '${ADA}', '${BOB}', 'VIEW', '2025-11-10T00:00Z');
  INSERT INTO comments (id, task_id, author_id, body, created_at) VALUES
    ('${uuid(41)}', '${SWEEPING}', '${ADA}', 'Gru\u0308ße aus MÜNCHEN', '2025-11-11T00:00Z'),
    ('${uuid(42)}', '${LENT}', '${BOB}', 'ТАМ', '2025-11-11T01:00Z');
  INSERT INTO conversations (id, title, owner_id, created_at, updated_at) VALUES
    ('${TALK}', 'Talk', '${ADA}', '2025-11-11T00:00Z', '2025-11-11T00:00Z');
  INSERT INTO conversation_participants (conversation_id, user_id) VALUES ('${TALK}', '${ADA}');
  INSERT INTO messages (id, conversation_id, author_id, role, content, created_at) VALUES
    ('${uuid(51)}', '${TALK}', '${ADA}', 'USER', 'Où est la FORÊT ?', '2025-11-11T00:00Z');
  ${created(LENT, lent)}
  ${created(ENDED, { ...lent, createdAt: '2025-11-09T11:00:00.000Z' })}
  ${created(SWEEPING, sweeping)}
  ${created(BRIDGE, bridge)}
  ${created(PLAN, plan)}
  ${told('2025-11-11T12:00Z', 'task.updated', BRIDGE, bridge, begun)}
  ${told('2025-11-12T04:30Z', 'task.completed', BRIDGE, begun, { ...begun, status: 'DONE', completedAt: '2025-11-12T04:30:00.000Z' })}
  ${created(SUMMARY, summary)}
  ${told('2025-11-12T15:00Z', 'task.updated', PLAN, plan, dropped)}
  ${told('2025-11-13T15:00Z', 'task.updated', PLAN, dropped, { ...dropped, archived: true })}
  ${told('2025-11-14T01:00Z', 'task.updated', SUMMARY, summary, { ...summary, status: 'IN_PROGRESS', startedAt: '2025-11-14T01:00:00.000Z' })}
  INSERT INTO events (at, kind, actor_id, subject_id, person_id, data) VALUES
    ('2025-11-09T12:00Z', 'task.shared', '${BOB}', '${uuid(31)}', '${ADA}', '{"taskId": "${LENT}", "permission": "EDIT"}'),
    ('2025-11-11T00:00Z', 'comment.added', '${ADA}', '${uuid(41)}', '${ADA}', '{"taskId": "${SWEEPING}", "fingerprint": "x"}');`;

/** A database as the old version left it, with another time zone and byte-wise sorting. */
async function olderDatabase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-older-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  for (const name of await readdir(migrationsFolder)) {
    if (/^\d{14}_/.test(name) && name < FIRST_NEW)
      await cp(join(migrationsFolder, name), join(folder, name), { recursive: true });
  }
  const url = await unusualDatabase();
  await applyMigrations(url, { folder });
  await query(url, CONTENT);
  return url;
}

async function unusualDatabase(): Promise<string> {
  const url = await emptyDatabase("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
  await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET timezone = 'Pacific/Auckland'`);
  return url;
}

/** Moved manually by an operator. */
async function dumpedAndRestored(url: string): Promise<string> {
  const copy = await unusualDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-dump-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const dump = join(folder, 'older.dump');
  await run('pg_dump', ['--format=custom', `--file=${dump}`, `--dbname=${url}`]);
  await run('pg_restore', ['--no-owner', `--dbname=${copy}`, dump]);
  return copy;
}

const older = await olderDatabase();
const databaseUrl = hasPgDump ? await dumpedAndRestored(older) : older;
const server = await startTestServer(databaseUrl);
afterAll(() => server.stop());

async function ask<Data>(document: string, variables: object = {}, token?: string): Promise<Data> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: document, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

async function signedIn(email: string): Promise<string> {
  const { signIn } = await ask<{ signIn: { token: string } }>(
    'mutation ($input: SignInInput!) { signIn(input: $input) { token } }',
    { input: { email, password: 'correct horse battery' } },
  );
  return signIn.token;
}

const ada = await signedIn('ada@example.com');
const bob = await signedIn('bob@example.com');
const taskId = (task: string) => publicId('Task', task);

test('people of an older version can sign in, and their dashboards have the same numbers', async () => {
  const answer = await ask<{ dashboard: object }>(
    `{ dashboard {
         statistics { total pending completed shared } breakdown { status count } priorities { priority count }
         overdue dueToday activity { createdToday completedThisWeek completionRate } shared { viewOnly canEdit } } }`,
    {},
    ada,
  );
  expect(answer.dashboard).toEqual({
    statistics: { total: 3, pending: 2, completed: 1, shared: 1 },
    breakdown: [
      { status: 'TODO', count: 1 },
      { status: 'IN_PROGRESS', count: 1 },
      { status: 'DONE', count: 1 },
      { status: 'CANCELLED', count: 0 },
    ],
    priorities: [
      { priority: 'NONE', count: 0 },
      { priority: 'LOW', count: 0 },
      { priority: 'MEDIUM', count: 0 },
      { priority: 'HIGH', count: 1 },
      { priority: 'URGENT', count: 1 },
    ],
    overdue: 1,
    dueToday: 0,
    activity: { createdToday: 0, completedThisWeek: 0, completionRate: 33.3 },
    shared: { viewOnly: 0, canEdit: 1 },
  });
  await expect.poll(() => differencesIn(databaseUrl), { timeout: 20_000 }).toEqual([]);
});

test('the history of that time uses each person’s own days', async () => {
  const { dashboard } = await ask<{ dashboard: { history: object } }>(
    `{ dashboard { history(asOf: "2025-11-14", days: 6) {
         burnUp { day total completed } cumulativeFlow { todo inProgress done cancelled } throughput { week completed }
         cycleTime { median } leadTime { median } } } }`,
    {},
    ada,
  );
  expect(dashboard.history).toEqual({
    burnUp: [
      { day: '2025-11-09', total: 1, completed: 0 },
      { day: '2025-11-10', total: 3, completed: 0 },
      { day: '2025-11-11', total: 3, completed: 1 },
      { day: '2025-11-12', total: 4, completed: 1 },
      { day: '2025-11-13', total: 3, completed: 1 },
      { day: '2025-11-14', total: 3, completed: 1 },
    ],
    cumulativeFlow: [
      { todo: 1, inProgress: 0, done: 0, cancelled: 0 },
      { todo: 3, inProgress: 0, done: 0, cancelled: 0 },
      { todo: 2, inProgress: 0, done: 1, cancelled: 0 },
      { todo: 2, inProgress: 0, done: 1, cancelled: 1 },
      { todo: 1, inProgress: 1, done: 1, cancelled: 0 },
      { todo: 1, inProgress: 1, done: 1, cancelled: 0 },
    ],
    throughput: [
      { week: '2025-11-03', completed: 0 },
      { week: '2025-11-10', completed: 1 },
    ],
    // Started at noon, and completed at half past four the next morning; within 1 %.
    cycleTime: { median: expect.closeTo(16.5 * 3600, -3) as number },
    leadTime: { median: expect.closeTo(40.5 * 3600, -3) as number },
  });
});

test('lists have the old rows in order, normalized, with their times', async () => {
  const { tasks, moved } = await ask<Record<'tasks' | 'moved', { nodes: { title: string }[] }>>(
    `query ($team: ID!) {
       tasks(filter: { archived: false }) { nodes { title dueOn labels status version createdAt updatedAt completedAt } }
       moved: tasks(orderBy: { field: POSITION, direction: ASC }, filter: { owner: { eq: $team }, archived: false }) {
         nodes { title } } }`,
    { team: publicId('User', ADA) },
    ada,
  );
  expect(tasks.nodes.map(({ title }) => title)).toEqual([
    'Résumé',
    'ÜBER die Brücke',
    'Straße kehren',
    'Lent by Bob',
  ]);
  expect(tasks.nodes[2]).toEqual({
    ...{ title: 'Straße kehren', dueOn: '2025-11-20', labels: ['Café', 'home'], status: 'TODO', version: 3 },
    ...{ createdAt: '2025-11-10T03:30:00.000Z', updatedAt: '2025-11-10T03:30:00.123Z', completedAt: null },
  });
  expect(moved.nodes.map(({ title }) => title)).toEqual(['Résumé', 'ÜBER die Brücke', 'Straße kehren']);
});

test.each([
  ['uber', 'ÜBER die Brücke'],
  ['strasse', 'Straße kehren'],
  ['RÉSUMÉ', 'Résumé'],
  ['смотри', 'Résumé'],
  ['grusse', 'Grüße aus MÜNCHEN'],
  ['munchen', 'Grüße aus MÜNCHEN'],
  ['там', 'ТАМ'],
  ['foret', 'Où est la FORÊT ?'],
])('a search for %s finds the old text “%s”', async (words, text) => {
  const found = async () => {
    const { search } = await ask<{ search: { node: { text: string } }[] }>(
      `query ($words: String!) { search(query: $words) {
         node { ... on Task { text: title } ... on Comment { text: body } ... on Message { text: content } } } }`,
      { words },
      ada,
    );
    return search.map(({ node }) => node.text);
  };
  // The server rewrites the words of old rows after its start.
  await expect.poll(found, { timeout: 20_000 }).toEqual([text]);
});

test('activity, shares, comments, teams and conversations are unchanged', async () => {
  const answer = await ask<Record<string, object>>(
    `query ($lent: ID!, $own: ID!, $talk: ID!) {
       activity(first: 4, filter: { kind: { notIn: [SESSION_STARTED] } }) { nodes { kind at actor { name } task { title } } }
       lent: task(id: $lent) { owner { name } viewerCan { edit share } comments(first: 5) { nodes { body author { name } } } }
       own: task(id: $own) { comments(first: 5) { nodes { body createdAt } } }
       team(slug: "garden") { viewerRole members(first: 5) { nodes { role user { name } } } }
       conversation(id: $talk) { title messages(first: 5) { nodes { content role } } } }`,
    { lent: taskId(LENT), own: taskId(SWEEPING), talk: publicId('Conversation', TALK) },
    ada,
  );
  expect(answer).toEqual({
    activity: {
      nodes: [
        {
          kind: 'COMMENT_ADDED',
          at: '2025-11-11T00:00:00.000Z',
          actor: { name: 'Ada' },
          task: { title: 'Straße kehren' },
        },
        {
          kind: 'TASK_SHARED',
          at: '2025-11-09T12:00:00.000Z',
          actor: { name: 'Björn' },
          task: { title: 'Lent by Bob' },
        },
        {
          kind: 'TASK_UPDATED',
          at: '2025-11-14T01:00:00.000Z',
          actor: { name: 'Ada' },
          task: { title: 'Résumé' },
        },
        {
          kind: 'TASK_UPDATED',
          at: '2025-11-13T15:00:00.000Z',
          actor: { name: 'Ada' },
          task: { title: 'Old plan' },
        },
      ],
    },
    lent: {
      owner: { name: 'Björn' },
      viewerCan: { edit: true, share: false },
      comments: { nodes: [{ body: 'ТАМ', author: { name: 'Björn' } }] },
    },
    own: { comments: { nodes: [{ body: 'Grüße aus MÜNCHEN', createdAt: '2025-11-11T00:00:00.000Z' }] } },
    team: {
      viewerRole: 'OWNER',
      members: {
        nodes: [
          { role: 'OWNER', user: { name: 'Ada' } },
          { role: 'MEMBER', user: { name: 'Björn' } },
        ],
      },
    },
    conversation: { title: 'Talk', messages: { nodes: [{ content: 'Où est la FORÊT ?', role: 'USER' }] } },
  });
});

test('an old task can be changed, and its new event follows the old ones', async () => {
  const { completeTask } = await ask<{ completeTask: { task: object } }>(
    'mutation ($id: ID!) { completeTask(input: { id: $id }) { task { status version } } }',
    { id: taskId(SUMMARY) },
    bob,
  );
  expect(completeTask.task).toEqual({ status: 'DONE', version: 3 });
  const { activity } = await ask<{ activity: { nodes: object[] } }>(
    '{ activity(first: 1) { nodes { kind task { title } } } }',
    {},
    ada,
  );
  expect(activity.nodes).toEqual([{ kind: 'TASK_COMPLETED', task: { title: 'Résumé' } }]);
  await expect.poll(() => differencesIn(databaseUrl), { timeout: 20_000 }).toEqual([]);
});
