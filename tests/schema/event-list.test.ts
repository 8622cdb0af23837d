import { describe, expect, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { AUDITED, PERSONAL } from '../../server/log/catalogue.ts';
import { giveShare } from '../kit/shares.ts';
import { outcome } from '../kit/team.ts';
import { statementsOf } from '../kit/statements.ts';
import { startWorld, type Person } from '../kit/world.ts';

const ADMIN = 'root@example.com';
const { db, people, query, url } = await startWorld({ ADMIN_EMAILS: ` Root@Example.com, ` });

interface Told {
  id: string;
  kind: string;
  actor: { name: string } | null;
  person: { name: string } | null;
  team: { name: string } | null;
  task: { title: string } | null;
  subject: { __typename: string; title?: string } | null;
  changes: { field: string; before: string | null; after: string | null }[];
  refusal: { code: string; operation: string } | null;
}

const EVENTS = `query ($filter: ActivityFilter, $first: Int) {
  activity(filter: $filter, first: $first) {
    nodes {
      id at cursor kind actor { name } person { name } team { name } task { title }
      subject { __typename id ... on Task { title } ... on Message { content conversation { title } } }
      changes { field before after } refusal { code operation }
    }
  }
}`;

/** A person's events, the latest first; without their sign-up and sign-in. */
async function toldTo(person: Person, filter: object = {}): Promise<Told[]> {
  const sessions = { kind: { in: ['USER_SIGNED_UP', 'SESSION_STARTED'] } };
  const variables = { filter: { and: [filter, { not: sessions }] }, first: 100 };
  return (await person.query<{ activity: { nodes: Told[] } }>(EVENTS, variables)).activity.nodes;
}

async function kindsTold(person: Person, filter: object = {}): Promise<string[]> {
  return (await toldTo(person, filter)).map(({ kind }) => kind);
}

/** Sends a mutation with one input, for its effect. */
function act(person: Person, mutation: string, input: object): Promise<unknown> {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  return person.query(`mutation ($input: ${type}!) { ${mutation}(input: $input) { cursor } }`, { input });
}

function share(owner: Person, taskId: string, receiver: Person) {
  return giveShare(owner, receiver, taskId);
}

async function createTeam(owner: Person, name: string): Promise<string> {
  const { createTeam } = await owner.query<{ createTeam: { team: { id: string } } }>(
    'mutation ($name: String!) { createTeam(input: { name: $name }) { team { id } } }',
    { name },
  );
  return createTeam.team.id;
}

/** Adds a person to a team, like an accepted invitation. */
async function join(
  team: string,
  person: Person,
  role: 'ADMIN' | 'MEMBER' | 'VIEWER' = 'MEMBER',
): Promise<string> {
  const member = { teamId: uuidOf('Team', team), userId: uuidOf('User', person.id), role };
  return publicId('Membership', (await db.membership.create({ data: member })).id);
}

describe('events of a person’s own objects', () => {
  test('is visible only to the person, newest first', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const id = await ada.createTask('Water the plants');
    await act(ada, 'updateTask', { id, priority: 'HIGH', dueOn: '2026-12-31', title: 'Water all plants' });
    await act(ada, 'completeTask', { id });
    const [completed, updated, created] = await toldTo(ada);
    expect(created).toMatchObject({
      kind: 'TASK_CREATED',
      actor: { name: 'Ada' },
      person: { name: 'Ada' },
      team: null,
      task: { title: 'Water all plants' },
      subject: { __typename: 'Task', id, title: 'Water all plants' },
      changes: [],
      refusal: null,
    });
    expect(updated).toMatchObject({
      kind: 'TASK_UPDATED',
      changes: [
        { field: 'priority', before: 'NONE', after: 'HIGH' },
        { field: 'dueOn', before: null, after: '2026-12-31' },
      ],
    });
    expect(completed).toMatchObject({
      kind: 'TASK_COMPLETED',
      changes: [{ field: 'status', before: 'TODO', after: 'DONE' }],
    });
    expect(await toldTo(bob)).toEqual([]);
  });

  test('no longer name deleted objects, but can still be found by their id', async () => {
    const { ada } = await people('Ada');
    const id = await ada.createTask('Short-lived');
    await ada.createTask('Another');
    await act(ada, 'deleteTask', { id });
    expect(await toldTo(ada, { subject: id })).toMatchObject([
      { kind: 'TASK_DELETED', subject: null, task: null },
      { kind: 'TASK_CREATED', subject: null, task: null },
    ]);
    expect(await kindsTold(ada, { not: { subject: id } })).toEqual(['TASK_CREATED']);
  });
});

describe('events about a task', () => {
  test('include its comments, shares and offers for those who may see them', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const taskId = await ada.createTask('Paint the fence');
    await ada.createTask('Another');
    await act(ada, 'addComment', { taskId, body: 'Which color?' });
    await act(ada, 'shareTask', { taskId, email: 'no.one@example.com' });
    await share(ada, taskId, bob);
    expect(await kindsTold(ada, { task: taskId })).toEqual([
      'TASK_SHARE_ACCEPTED',
      'TASK_SHARE_OFFERED',
      'TASK_SHARE_OFFERED',
      'COMMENT_ADDED',
      'TASK_CREATED',
    ]);
    expect(await kindsTold(ada, { not: { task: taskId } })).toEqual(['TASK_CREATED']);
    expect(await kindsTold(bob, { task: taskId })).not.toContain('TASK_SHARE_OFFERED');
  });

  test('name the owner, assignee and team before and after, as far as the viewer sees them', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await createTeam(ada, 'Fence painters');
    await join(team, bob);
    const id = await ada.createTask('Paint the fence');
    await act(ada, 'updateTask', { id, teamId: team });
    await act(ada, 'updateTask', { id, assigneeId: bob.id });
    const query = `query ($id: ID!) { activity(filter: { task: $id }) { nodes { changes {
      field before after beforeObject { id } afterObject { id ... on User { name } ... on Team { name } } } } } }`;
    const changes = async () => {
      const { activity } = await ada.query<{ activity: { nodes: { changes: object[] }[] } }>(query, { id });
      return activity.nodes.flatMap((event) => event.changes);
    };
    const unchanged = { before: null, after: null, beforeObject: null };
    const toBob = { field: 'assignee', ...unchanged, afterObject: { id: bob.id, name: 'Bob' } };
    expect(await changes()).toContainEqual(toBob);
    expect(await changes()).toContainEqual({
      field: 'team',
      ...unchanged,
      afterObject: { id: team, name: 'Fence painters' },
    });
    await act(ada, 'updateTask', { id, assigneeId: null });
    await db.membership.deleteMany({ where: { userId: uuidOf('User', bob.id) } });
    expect(await changes()).toContainEqual({ ...toBob, afterObject: null });
  });
});

describe('events about a shared task', () => {
  test('are visible to people with a share, while it lasts', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const taskId = await ada.createTask('Paint the fence');
    await share(ada, taskId, bob);
    expect(await toldTo(bob)).toMatchObject([
      {
        kind: 'TASK_SHARE_ACCEPTED',
        actor: { name: 'Bob' },
        person: { name: 'Ada' },
        task: { title: 'Paint the fence' },
        subject: { __typename: 'TaskShare' },
        changes: [{ field: 'permission', before: null, after: 'VIEW' }],
      },
      { kind: 'TASK_CREATED' },
    ]);
    await db.taskShare.deleteMany({ where: { taskId: uuidOf('Task', taskId) } });
    await act(ada, 'completeTask', { id: taskId });
    expect(await toldTo(bob)).toMatchObject([
      { kind: 'TASK_SHARE_ACCEPTED', actor: { name: 'Bob' }, task: null, subject: null },
    ]);
  });
});

describe('events of a team', () => {
  test('[BR-06] are visible to its members, and not to former members, except their own removal', async () => {
    const { ada, bob, cleo } = await people('Ada', 'Bob', 'Cleo');
    const team = await createTeam(ada, 'Gardeners');
    const bobs = await join(team, bob);
    await join(team, cleo, 'VIEWER');
    await bob.createTask('Dig', { teamId: team });
    for (const member of [ada, bob, cleo]) {
      expect(await toldTo(member, { team: { eq: team } })).toMatchObject([
        { kind: 'TASK_CREATED', actor: { name: 'Bob' }, team: { name: 'Gardeners' }, task: { title: 'Dig' } },
        { kind: 'TEAM_CREATED', actor: { name: 'Ada' }, subject: { __typename: 'Team' } },
      ]);
    }
    await act(ada, 'removeMember', { id: bobs });
    expect(await toldTo(cleo, { kind: { eq: 'TEAM_MEMBER_REMOVED' } })).toMatchObject([
      // His task still belongs to the team, and has his name.
      { person: { name: 'Bob' }, changes: [{ field: 'role', before: 'MEMBER', after: null }] },
    ]);
    expect(await toldTo(bob)).toMatchObject([
      { kind: 'TEAM_MEMBER_REMOVED', actor: null, team: null, subject: null },
    ]);
    expect(await toldTo(bob, { team: { eq: team } })).toEqual([]);
  });

  test('end with the team: its members at that time get one event each with its name', async () => {
    const { ada, bob, cleo, dora } = await people('Ada', 'Bob', 'Cleo', 'Dora');
    const team = await createTeam(ada, 'Pioneers');
    for (const member of [bob, cleo]) await join(team, member);
    const former = await join(team, dora);
    await act(ada, 'removeMember', { id: former });
    await ada.createTask('Move on', { teamId: team });
    await act(ada, 'deleteTeam', { id: team });
    await act(ada, 'deleteTeam', { id: team });
    for (const reader of [ada, bob, cleo]) {
      expect(await toldTo(reader, { kind: { notIn: ['TASK_CREATED', 'TASK_UPDATED'] } })).toMatchObject([
        {
          kind: 'TEAM_DELETED',
          person: { name: reader.name },
          team: null,
          subject: null,
          changes: [{ field: 'name', before: 'Pioneers', after: null }],
        },
      ]);
    }
    expect(await kindsTold(dora)).toEqual(['TEAM_MEMBER_REMOVED']);
  });

  test('are no longer visible to a person who left, except that they left', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await createTeam(ada, 'Travellers');
    await join(team, bob);
    await bob.createTask('Pack', { teamId: team });
    await act(bob, 'leaveTeam', { teamId: team });
    expect(await toldTo(bob)).toMatchObject([
      {
        kind: 'TEAM_MEMBER_LEFT',
        actor: { name: 'Bob' },
        team: null,
        changes: [{ field: 'role', before: 'MEMBER', after: null }],
      },
    ]);
  });

  test('[FR-028] of a changed role are visible to the member and the team', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const id = await join(await createTeam(ada, 'Painters'), bob);
    await act(ada, 'changeRole', { id, role: 'ADMIN' });
    for (const reader of [ada, bob]) {
      expect(await toldTo(reader, { kind: { eq: 'TEAM_ROLE_CHANGED' } })).toMatchObject([
        {
          actor: { name: 'Ada' },
          person: { name: 'Bob' },
          team: { name: 'Painters' },
          changes: [{ field: 'role', before: 'MEMBER', after: 'ADMIN' }],
        },
      ]);
    }
  });

  test('can be filtered by actor, as long as the viewer sees that person', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await createTeam(ada, 'Cooks');
    const id = await join(team, bob);
    const task = await bob.createTask('Stir', { teamId: team });
    expect(await kindsTold(ada, { actor: bob.id })).toEqual(['TASK_CREATED']);
    expect(await kindsTold(ada, { not: { actor: bob.id } })).toEqual(['TEAM_CREATED']);
    await act(ada, 'removeMember', { id });
    expect(await kindsTold(ada, { actor: bob.id })).toEqual(['TASK_CREATED']);
    await act(ada, 'deleteTask', { id: task });
    expect(await kindsTold(ada, { actor: bob.id })).toEqual([]);
    expect(await kindsTold(ada, { actor: publicId('User', newId()) })).toEqual([]);
  });
});

describe('events of a conversation', () => {
  test('are visible to all participants and to no one else', async () => {
    const { ada, bob, cleo } = await people('Ada', 'Bob', 'Cleo');
    const conversation = publicId('Conversation', newId());
    await join(await createTeam(ada, 'Lunch'), bob);
    await act(ada, 'createConversation', { id: conversation, title: 'Lunch', participantIds: [bob.id] });
    await act(bob, 'sendMessage', { conversationId: conversation, content: 'Soup?' });
    const since = { kind: { in: ['MESSAGE_SENT', 'CONVERSATION_CREATED'] } };
    for (const reader of [ada, bob]) {
      expect(await toldTo(reader, since)).toMatchObject([
        {
          kind: 'MESSAGE_SENT',
          actor: { name: 'Bob' },
          subject: { __typename: 'Message', content: 'Soup?', conversation: { title: 'Lunch' } },
        },
        { kind: 'CONVERSATION_CREATED', actor: { name: 'Ada' } },
      ]);
    }
    expect(await toldTo(cleo)).toEqual([]);
    await act(ada, 'deleteConversation', { id: conversation });
    expect(await kindsTold(bob, since)).toEqual(['MESSAGE_SENT']);
    expect(await kindsTold(ada, { subject: conversation })).toEqual([
      'CONVERSATION_DELETED',
      'CONVERSATION_CREATED',
    ]);
  });
});

async function signUpAdmin(): Promise<Person> {
  const { signUp } = await query<{ signUp: { token: string; viewer: { id: string } } }>(
    `mutation { signUp(input: { name: "Root", email: "${ADMIN}", password: "correct horse battery" }) { token viewer { id } } }`,
  );
  const { token } = signUp;
  await verifyAccount(db, ADMIN);
  return {
    id: signUp.viewer.id,
    name: 'Root',
    email: ADMIN,
    token,
    query: (document, variables) => query(document, variables, { authorization: `Bearer ${token}` }),
    createTask: () => Promise.reject(new Error('unused')),
  };
}

describe('[FR-028] the audit trail', async () => {
  const { dora, eve } = await people('Dora', 'Eve');
  const root = await signUpAdmin();

  function signIn(email: string, password: string) {
    return query(
      'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token } }',
      {
        email,
        password,
      },
    ).catch((error: unknown) => error);
  }

  test('shows failed sign-ins, by each path, to the account’s owner and to administrators', async () => {
    await signIn(dora.email.toUpperCase(), 'a guessed password');
    const viaLibrary = await fetch(`${url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ email: dora.email, password: 'another guess' }),
    });
    expect(viaLibrary.status).toBe(401);
    const failed = { kind: { eq: 'SIGN_IN_FAILED' } };
    for (const reader of [dora, root]) {
      expect(await toldTo(reader, failed)).toMatchObject([
        { actor: null, person: { name: 'Dora' } },
        { actor: null, person: { name: 'Dora' } },
      ]);
    }
    expect(await toldTo(eve, failed)).toEqual([]);
  });

  test('shows a failed sign-in with an unknown address to administrators, without address and password', async () => {
    await signIn('unknown@example.com', 'a telling password');
    const [latest] = await toldTo(root, { kind: { eq: 'SIGN_IN_FAILED' } });
    expect(latest).toMatchObject({ actor: null, person: null, subject: null });
    const rows = await db.event.findMany({ where: { kind: 'signIn.failed' } });
    expect(rows.map(({ data }) => data)).toEqual([{}, {}, {}]);
  });

  test('has no failed sign-in for a success, or for an invalid request', async () => {
    await signIn(eve.email, 'correct horse battery');
    await signIn('not an address', 'x');
    await signIn(eve.email, 'x'.repeat(129));
    expect(await toldTo(eve, { kind: { eq: 'SIGN_IN_FAILED' } })).toEqual([]);
    expect(await db.event.count({ where: { kind: 'signIn.failed' } })).toBe(3);
  });

  test('has refused accesses, to fields as well as to `node` and `nodes`', async () => {
    const { fay } = await people('Fay');
    const hidden = await dora.createTask('Hidden');
    await fay.query('query ($id: ID!) { task(id: $id) { id } }', { id: hidden }).catch(() => null);
    await fay.query('query ($id: ID!) { node(id: $id) { id } }', { id: hidden });
    await fay.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [fay.id, hidden, hidden] });
    await share(dora, hidden, fay);
    await act(fay, 'completeTask', { id: hidden }).catch(() => null);
    const refused = { kind: { eq: 'ACCESS_REFUSED' }, actor: fay.id };
    for (const reader of [fay, root]) {
      expect((await toldTo(reader, refused)).map(({ refusal }) => refusal)).toEqual([
        { code: 'FORBIDDEN', operation: 'completeTask' },
        { code: 'NOT_FOUND', operation: 'nodes' },
        { code: 'NOT_FOUND', operation: 'node' },
        { code: 'NOT_FOUND', operation: 'task' },
      ]);
    }
    expect(await kindsTold(dora, refused)).toEqual([]);
  });

  test('shows administrators role changes, but no other events', async () => {
    const id = await join(await createTeam(dora, 'Secretive'), eve);
    await act(dora, 'changeRole', { id, role: 'VIEWER' });
    await dora.createTask('Not for administrators');
    const told = await toldTo(root, { actor: dora.id });
    expect(told).toMatchObject([
      {
        kind: 'TEAM_ROLE_CHANGED',
        actor: { name: 'Dora' },
        person: { name: 'Eve' },
        team: null,
        subject: null,
      },
    ]);
    expect(await toldTo(root, { actor: eve.id, kind: { notIn: ['ACCESS_REFUSED'] } })).toEqual([]);
  });

  test.each([
    ['events_audited', AUDITED],
    ['events_personal', PERSONAL],
  ])('has the kinds of its index "%s", as in the policy', async (name, kinds) => {
    const [index] = await db.$queryRaw<{ predicate: string }[]>`
      SELECT pg_get_expr(indpred, indrelid) AS predicate FROM pg_index WHERE indexrelid = ${name}::regclass`;
    const indexed = Array.from(index?.predicate.matchAll(/'([\w.]+)'::text/g) ?? [], ([, kind]) => kind);
    expect(indexed.toSorted()).toEqual(kinds.toSorted());
  });

  test('can be read alone by administrators only, and left out', async () => {
    const kinds = async (person: Person, audit: boolean) => {
      const { activity } = await person.query<{ activity: { nodes: { kind: string }[] } }>(
        'query ($audit: Boolean) { activity(audit: $audit, first: 100) { nodes { kind } } }',
        { audit },
      );
      return activity.nodes.map(({ kind }) => kind);
    };
    await act(root, 'createTask', { title: 'Of the administrator' });
    const trail = await kinds(root, true);
    expect(trail).toContain('TEAM_ROLE_CHANGED');
    expect(trail).not.toContain('TASK_CREATED');
    const own = await kinds(root, false);
    expect(own).toContain('TASK_CREATED');
    expect(own).not.toContain('TEAM_ROLE_CHANGED');
    expect(await outcome(kinds(dora, true))).toBe('FORBIDDEN');
    expect(await outcome(kinds(dora, false))).toBe('ok');
  });

  test('does not show administrators more people or tasks', async () => {
    const task = await dora.createTask('Private');
    await expect(
      root.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [dora.id, task] }),
    ).resolves.toEqual({ nodes: [null, null] });
  });
});

describe('a page of events', () => {
  interface Page {
    edges: { cursor: string; node: { id: string } }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean };
    totalCount: number;
  }

  async function pageOf(person: Person, args: string): Promise<Page> {
    const { activity } = await person.query<{ activity: Page }>(
      `{ activity(${args}) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } totalCount } }`,
    );
    return activity;
  }

  test('can be paged both ways without gaps or duplicates while new events are appended', async () => {
    const { ada } = await people('Ada');
    for (let n = 0; n < 7; n += 1) await ada.createTask(`Task ${n}`);
    const all = (await pageOf(ada, 'first: 100')).edges.map(({ node }) => node.id);
    expect(all).toEqual(all.toSorted((a, b) => Number(b) - Number(a)));
    const seen: string[] = [];
    let after = '';
    for (let more = true; more;) {
      const page = await pageOf(ada, `first: 2${after && `, after: "${after}"`}`);
      seen.push(...page.edges.map(({ node }) => node.id));
      after = page.edges.at(-1)?.cursor ?? '';
      more = page.pageInfo.hasNextPage;
      await ada.createTask('Concurrent');
    }
    expect(seen).toEqual(all);
    const back = await pageOf(ada, `last: 3, before: "${after}"`);
    expect(back.edges.map(({ node }) => node.id)).toEqual(all.slice(-4, -1));
  });

  test('rejects more than 100 events, and the cursor of another list', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Task');
    const { tasks } = await ada.query<{ tasks: { edges: { cursor: string }[] } }>(
      '{ tasks { edges { cursor } } }',
    );
    for (const args of ['first: 101', `after: "${tasks.edges[0]?.cursor ?? ''}"`, 'after: "x"']) {
      await expect(pageOf(ada, args), args).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
  });

  test('[FR-014] uses the same number of statements for fifty events of all types as for five', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await createTeam(ada, 'Movers');
    await join(team, bob);
    const conversation = publicId('Conversation', newId());
    await act(ada, 'createConversation', { id: conversation, title: 'Moving', participantIds: [bob.id] });
    for (let n = 0; n < 12; n += 1) {
      const id = await bob.createTask(`Box ${n}`, { teamId: team });
      await act(ada, 'addComment', { taskId: id, body: 'Heavy' });
      await act(bob, 'sendMessage', { conversationId: conversation, content: 'Coming' });
      await act(ada, 'updateTask', { id, priority: 'LOW' });
    }
    const document = `query ($first: Int) {
      activity(first: $first) {
        nodes {
          kind at actor { name } person { name } team { name viewerRole } task { title owner { name } }
          subject {
            id
            ... on Task { title owner { name } team { name } viewerCan { edit } }
            ... on Comment { body author { name } task { title } }
            ... on Message { content sender: author { name } }
          }
        }
      }
    }`;
    const read = async (first: number) => {
      let events: { kind: string; subject: object | null }[] = [];
      const statements = await statementsOf(async () => {
        const { activity } = await ada.query<{ activity: { nodes: typeof events } }>(document, { first });
        events = activity.nodes;
      });
      expect(events).toHaveLength(first);
      expect(events.every(({ subject }) => subject !== null)).toBe(true);
      return { kinds: new Set(events.map(({ kind }) => kind)), statements };
    };
    const [few, many] = [await read(4), await read(48)];
    expect(many.kinds).toEqual(few.kinds);
    expect(many.statements).toHaveLength(few.statements.length);
    expect(many.statements.length).toBeLessThanOrEqual(13);
  });
});
