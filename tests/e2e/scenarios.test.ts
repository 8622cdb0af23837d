import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { npmStart } from '../kit/npm-start.ts';
import { expect as look, expectStatistics, show, signIn, signUp, visit } from '../kit/visitor.ts';

const PASSWORD = 'correct horse battery';
const ADA = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
const BOB = { name: 'Bob', email: 'bob@example.com', password: PASSWORD };
const TITLES = ['Order paper', 'Call the printer', 'Send the invoice', 'Book a room', 'Water the plants'];

let api: string;
let browser: Browser;
/** Their credentials, once they have signed up. */
let ada: string;
let bob: string;
/** Ada's five tasks. */
let ids: string[];

beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-scenarios-'));
  const product = npmStart(dataDir);
  const stop = async () => {
    product.pressCtrlC();
    await product.exited;
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    [api, browser] = await Promise.all([product.ready(), launchBrowser()]);
  } catch (error) {
    await stop();
    throw error;
  }
  return async () => {
    await browser.close();
    await stop();
  };
});

interface Answer<Data> {
  status: number;
  data: Data | null;
  codes: string[];
}

/** Sends an operation as any program would. */
async function send<Data>(query: string, token?: string, variables: object = {}): Promise<Answer<Data>> {
  const response = await fetch(`${api}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data = null, errors = [] } = (await response.json()) as {
    data?: Data | null;
    errors?: { extensions: { code: string } }[];
  };
  return { status: response.status, data, codes: errors.map(({ extensions }) => extensions.code) };
}

/** The same, for what must succeed. */
async function ask<Data>(query: string, token: string, variables: object = {}): Promise<Data> {
  const { data, codes } = await send<Data>(query, token, variables);
  expect(codes).toEqual([]);
  return data as Data;
}

const DASHBOARD = `{ dashboard {
  statistics { total pending completed shared }
  breakdown { status count }
  activity { createdToday createdThisWeek completedToday completedThisWeek completionRate }
} }`;

interface Dashboard {
  dashboard: {
    statistics: Record<'total' | 'pending' | 'completed' | 'shared', number>;
    breakdown: { status: string; count: number }[];
    activity: Record<string, number>;
  };
}

const statistics = async (token: string) => (await ask<Dashboard>(DASHBOARD, token)).dashboard.statistics;

// Each of these begins where the one before has ended.
describe('[T066] a working day', { timeout: 60_000 }, () => {
  test('people sign up, and sign in', async () => {
    const join = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token viewer { name } } }';
    for (const person of [ADA, BOB]) {
      const { data } = await send<{ signUp: { viewer: { name: string } } }>(join, undefined, {
        input: person,
      });
      expect(data?.signUp.viewer.name).toBe(person.name);
    }
    const enter = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
    [ada, bob] = (await Promise.all(
      [ADA, BOB].map(async ({ email, password }) => {
        const { data } = await send<{ signIn: { token: string } }>(enter, undefined, {
          input: { email, password },
        });
        return data?.signIn.token;
      }),
    )) as [string, string];
    expect(await ask('{ viewer { name } }', ada)).toEqual({ viewer: { name: 'Ada' } });
  });

  test('Ada creates five tasks', async () => {
    ids = [];
    for (const title of TITLES) {
      const { createTask } = await ask<{ createTask: { task: { id: string; status: string } } }>(
        'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id status } } }',
        ada,
        { input: { title } },
      );
      expect(createTask.task.status).toBe('TODO');
      ids.push(createTask.task.id);
    }
  });

  test('[FR-010] the statistics say five, five, none and none', async () => {
    expect(await statistics(ada)).toEqual({ total: 5, pending: 5, completed: 0, shared: 0 });
  });

  test('she completes two and begins one, and the statistics follow', async () => {
    for (const id of ids.slice(0, 2))
      await ask('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', ada, { id });
    await ask('mutation ($id: ID!) { updateTask(input: { id: $id, status: IN_PROGRESS }) { cursor } }', ada, {
      id: ids[2],
    });
    expect(await statistics(ada)).toEqual({ total: 5, pending: 3, completed: 2, shared: 0 });
  });

  test('[BR-07] the activity of the day has them', async () => {
    const { dashboard } = await ask<Dashboard>(DASHBOARD, ada);
    expect(dashboard.activity).toEqual({
      createdToday: 5,
      createdThisWeek: 5,
      completedToday: 2,
      completedThisWeek: 2,
      completionRate: 40,
    });
  });

  test('the breakdown has each status', async () => {
    const { dashboard } = await ask<Dashboard>(DASHBOARD, ada);
    expect(dashboard.breakdown).toEqual([
      { status: 'TODO', count: 2 },
      { status: 'IN_PROGRESS', count: 1 },
      { status: 'DONE', count: 2 },
      { status: 'CANCELLED', count: 0 },
    ]);
  });

  test('[FR-016] Ada reads all of it in her browser', async () => {
    const page = await visit(browser, api);
    await signIn(page, ADA);
    await expectStatistics(page, { total: 5, pending: 3, completed: 2, shared: 0 });
    await look(page.getByRole('region', { name: 'By status' })).toContainText(/In progress\s*1/);
    await look(page.getByRole('row', { name: /^Completed/ })).toHaveText(/^Completed\s*2\s*2$/);
    await show(page, 'Completed');
    await look(page.getByRole('listitem').filter({ hasText: 'Call the printer' })).toBeVisible();
  });

  test('[BR-06] in a team they share work, and Ada shares a task of her own with Bob', async () => {
    const { createTeam } = await ask<{ createTeam: { team: { id: string } } }>(
      'mutation { createTeam(input: { name: "Office" }) { team { id } } }',
      ada,
    );
    const teamId = createTeam.team.id;
    await ask('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { cursor } }', ada, {
      input: { teamId, email: BOB.email, role: 'MEMBER' },
    });
    const { viewer } = await ask<{ viewer: { invitations: { nodes: { id: string }[] } } }>(
      '{ viewer { invitations { nodes { id } } } }',
      bob,
    );
    await ask('mutation ($id: ID!) { acceptInvitation(input: { id: $id }) { cursor } }', bob, {
      id: viewer.invitations.nodes[0]?.id,
    });
    await ask('mutation ($input: CreateTaskInput!) { createTask(input: $input) { cursor } }', bob, {
      input: { title: 'Tidy the office', teamId },
    });
    expect(
      await ask('query ($scope: DashboardScope) { dashboard(scope: $scope) { statistics { total } } }', ada, {
        scope: { teamId },
      }),
    ).toEqual({ dashboard: { statistics: { total: 1 } } });

    await ask('mutation ($input: ShareTaskInput!) { shareTask(input: $input) { cursor } }', ada, {
      input: { taskId: ids[3], email: BOB.email, permission: 'VIEW' },
    });
    const page = await visit(browser, api);
    await signIn(page, BOB);
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 1 });
  });

  test('Ada deletes a task, and it counts no more', async () => {
    const remove = 'mutation ($id: ID!) { deleteTask(input: { id: $id }) { deletedTaskId } }';
    expect(await ask(remove, ada, { id: ids[4] })).toEqual({ deleteTask: { deletedTaskId: ids[4] } });
    expect(await statistics(ada)).toEqual({ total: 4, pending: 2, completed: 2, shared: 0 });
  });
});

describe('[T066] somebody who may not', () => {
  test('[FR-025] sends no token, and gets 401', async () => {
    expect(await send(DASHBOARD)).toEqual({ status: 401, data: null, codes: ['UNAUTHENTICATED'] });
  });

  test.each(['wrong', 'twp_wrong', 'eyJhbGciOiJub25lIn0.e30.'])(
    '[FR-013] [FR-025] sends the token %s, and gets 401',
    async (token) => {
      expect(await send(DASHBOARD, token)).toEqual({ status: 401, data: null, codes: ['UNAUTHENTICATED'] });
    },
  );

  test('[BR-08] asks for the task of another person, and there is none', async () => {
    const { codes } = await send('query ($id: ID!) { task(id: $id) { title } }', bob, { id: ids[0] });
    expect(codes).toEqual(['NOT_FOUND']);
  });

  test.each([
    'updateTask(input: { id: $id, title: "Mine" }) { cursor }',
    'completeTask(input: { id: $id }) { cursor }',
    'deleteTask(input: { id: $id }) { cursor }',
    'shareTask(input: { taskId: $id, email: "bob@example.com" }) { cursor }',
  ])('[FR-009] [BR-08] tries %s on it, and there is none', async (change) => {
    const { codes } = await send(`mutation ($id: ID!) { ${change} }`, bob, { id: ids[2] });
    expect(codes).toEqual(['NOT_FOUND']);
    expect(await ask('query ($id: ID!) { task(id: $id) { title status } }', ada, { id: ids[2] })).toEqual({
      task: { title: 'Send the invoice', status: 'IN_PROGRESS' },
    });
  });

  test('[BR-05] edits what they may only read, and it is FORBIDDEN', async () => {
    const { codes } = await send(
      'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Mine" }) { cursor } }',
      bob,
      { id: ids[3] },
    );
    expect(codes).toEqual(['FORBIDDEN']);
  });
});

describe('[T066] a program that makes a mistake', () => {
  test.each(['', '{', '[]', 'null', '"query"', '{"query": 1}', '{"variables": {}}'])(
    'sends %j for a body, and is told',
    async (body) => {
      const response = await fetch(`${api}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ada}` },
        body,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    },
  );

  test('sends an id of another type, and is told which field it is', async () => {
    const { viewer } = await ask<{ viewer: { id: string } }>('{ viewer { id } }', ada);
    const { codes } = await send('query ($id: ID!) { task(id: $id) { id } }', ada, { id: viewer.id });
    expect(codes).toEqual(['VALIDATION_FAILED']);
  });
});

describe('[T066] the service', () => {
  test('[SC-002] [SC-009] answers what people ask for most in less than 50 ms', async () => {
    const LIST = '{ tasks(first: 50) { nodes { title status owner { name } } totalCount } }';
    for (const query of [DASHBOARD, LIST, '{ activity(first: 20) { nodes { kind } } }']) {
      const times = [];
      for (let turn = 0; turn < 9; turn += 1) {
        const began = performance.now();
        await ask(query, ada);
        times.push(performance.now() - began);
      }
      expect(times.sort((one, other) => one - other)[4]).toBeLessThan(50);
    }
  });

  test.each([10, 100])('[SC-007] answers %i people who ask for their dashboard at once', async (people) => {
    const answers = await Promise.all(
      Array.from({ length: people }, (_, n) => send<Dashboard>(DASHBOARD, n % 2 === 0 ? ada : bob)),
    );
    expect(answers.every(({ status, codes }) => status === 200 && codes.length === 0)).toBe(true);
    expect(new Set(answers.map(({ data }) => data?.dashboard.statistics.total))).toEqual(new Set([4, 1]));
  });

  test('says that it is well', async () => {
    expect((await fetch(`${api}/healthz`)).status).toBe(200);
    expect((await fetch(`${api}/readyz`)).status).toBe(200);
  });

  test('serves the dashboard, whichever page is asked for first', async () => {
    for (const path of ['/', '/sign-in', '/settings']) {
      const response = await fetch(`${api}${path}`, { headers: { accept: 'text/html' } });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('Taskwire, a self-hosted team task service');
    }
  });
});

describe('[T066] the dashboard in a browser', () => {
  test('[SC-006] can be used within two seconds', async () => {
    const page = await visit(browser, api);
    await signIn(page, ADA);
    await expectStatistics(page, { total: 4, pending: 2, completed: 2, shared: 0 });
    const times = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const began = performance.now();
      await page.goto('/');
      await page.getByRole('textbox', { name: 'New task' }).click();
      await expectStatistics(page, { total: 4, pending: 2, completed: 2, shared: 0 });
      times.push(performance.now() - began);
    }
    expect(Math.min(...times)).toBeLessThan(2_000);
  });

  test('[FR-018] shows what is on its way while the network is slow, and then the numbers', async () => {
    const page = await visit(browser, api);
    await signIn(page, ADA);
    await expectStatistics(page, { total: 4, pending: 2, completed: 2, shared: 0 });
    let letThrough: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (letThrough = resolve));
    await page.route('**/graphql', async (route) => {
      await slow;
      await route.continue();
    });
    await page.reload();
    const statistics = page.getByRole('region', { name: 'Statistics' });
    await look(statistics).toHaveAttribute('aria-busy', 'true');
    letThrough();
    await look(statistics).toHaveAttribute('aria-busy', 'false');
    await expectStatistics(page, { total: 4, pending: 2, completed: 2, shared: 0 });
  });

  test('a newcomer signs up there, and has an empty dashboard', async () => {
    const page = await visit(browser, api);
    await signUp(page, { name: 'Cleo', email: 'cleo@example.com', password: PASSWORD });
    await look(page.getByRole('heading', { level: 1 })).toContainText('Cleo');
    await expectStatistics(page, { total: 0, pending: 0, completed: 0, shared: 0 });
  });
});
