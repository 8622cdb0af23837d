import type { Browser, BrowserContextOptions, Page, Route } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { launchBrowser } from '../kit/browser.ts';
import { watch, type Frame } from '../kit/live.ts';
import { behindMiddlebox } from '../kit/middlebox.ts';
import { startServerProcess } from '../kit/server-process.ts';
import { giveShare } from '../kit/shares.ts';
import { addTask, expect, expectStatistics, show, signIn, signOut, visit } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

/** “At once” means within this time. */
const AT_ONCE = expect.configure({ timeout: 1_000 });

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const indicator = (page: Page) => page.locator('[data-connection]');
const row = (page: Page, title: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: title });

interface Look {
  url?: string;
  word?: string;
  /** Whether the test controls time on the page, by `passTime`. */
  isHurried?: boolean;
  options?: BrowserContextOptions;
}

/** A person's dashboard, once the indicator says "Live" or another given word. */
async function dashboardOf(
  { email }: Person,
  { url = world.url, word = 'Live', isHurried = false, options = {} }: Look = {},
): Promise<Page> {
  const page = await visit(browser, url, options);
  if (isHurried) await page.clock.install();
  await signIn(page, { email, password: PASSWORD });
  if (isHurried) await passTime(page, word);
  else await expect(indicator(page)).toHaveText(word);
  return page;
}

/** Advances the page's time second by second until the indicator says so. */
async function passTime(page: Page, text: string | RegExp): Promise<void> {
  await expect(async () => {
    await page.clock.runFor(1_000);
    await expect(indicator(page)).toHaveText(text, { timeout: 250 });
  }).toPass({ timeout: 60_000, intervals: [0] });
}

/** Whether the page was reloaded since. */
async function markPage(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate('window.isTheSame = true');
  return () => page.evaluate<boolean>('window.isTheSame !== true');
}

describe('updates by other people and on other devices', () => {
  test('[FR-021] [FR-022] [SC-004] a change in another browser shows within a second', async () => {
    const { ada } = await people('Ada');
    const [here, there] = await Promise.all([dashboardOf(ada), dashboardOf(ada)]);
    await addTask(here, 'Order paper');
    await AT_ONCE(row(there, 'Order paper')).toBeVisible();
    await expectStatistics(there, { total: 1, pending: 1, completed: 0, shared: 0 });

    await here.getByRole('checkbox', { name: 'Complete “Order paper”' }).click();
    await expectStatistics(here, { total: 1, pending: 0, completed: 1, shared: 0 });
    await AT_ONCE(row(there, 'Order paper')).toHaveCount(0);
    await expectStatistics(there, { total: 1, pending: 0, completed: 1, shared: 0 });
  });

  test('[FR-021] [SC-004] a shared task appears, changes and disappears live', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const id = await ada.createTask('Plan the summer party');
    const page = await dashboardOf(bob);
    await expectStatistics(page, { total: 0, pending: 0, completed: 0, shared: 0 });

    await page.goto('/?source=shared');
    await expect(page.getByText('No open tasks.')).toBeVisible();
    const shareId = await giveShare(ada, bob, id);
    await AT_ONCE(row(page, 'Plan the summer party')).toBeVisible();
    await expect(row(page, 'Plan the summer party')).toContainText('From Ada');
    await expectStatistics(page, { total: 0, pending: 0, completed: 0, shared: 1 });

    await ada.query(`mutation { updateTask(input: { id: "${id}", title: "Plan the party" }) { cursor } }`);
    await AT_ONCE(row(page, 'Plan the party')).toBeVisible();

    await ada.query(`mutation { revokeShare(input: { id: "${shareId}" }) { cursor } }`);
    await AT_ONCE(row(page, 'Plan the party')).toHaveCount(0);
    await expectStatistics(page, { total: 0, pending: 0, completed: 0, shared: 0 });
  });

  test('[FR-021] an edit continues when the task leaves the list', async () => {
    const { ada } = await people('Ada');
    const id = await ada.createTask('Order paper');
    const page = await dashboardOf(ada);
    await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
    const editor = page.getByRole('dialog', { name: 'Edit task' });
    await editor.getByLabel('Title').fill('Order recycled paper');

    await ada.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);
    await expectStatistics(page, { total: 1, pending: 0, completed: 1, shared: 0 });
    await expect(editor.getByLabel('Title')).toHaveValue('Order recycled paper');
    await editor.getByRole('button', { name: 'Save changes' }).click();
    await expect(editor.getByRole('alert')).toContainText('The status is now Completed.');
    await editor.getByRole('button', { name: 'Keep my changes' }).click();
    await editor.getByRole('button', { name: 'Save changes' }).click();
    await show(page, 'Completed');
    await expect(row(page, 'Order recycled paper')).toBeVisible();
  });

  test('[FR-021] an outdated answer does not revert a change on the screen', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Order paper');
    const done = await ada.createTask('Count the chairs');
    await ada.query(`mutation { completeTask(input: { id: "${done}" }) { cursor } }`);
    const page = await dashboardOf(ada);
    await show(page, 'All');
    await expect(row(page, 'Count the chairs')).toBeVisible();

    const asked: Route[] = [];
    let isHolding = true;
    await page.route('**/graphql', async (route) => {
      const isPage = route.request().postData()?.includes('query DashboardPage') ?? false;
      if (isPage && isHolding) asked.push(route);
      else await route.continue();
    });
    // The page queries again, and the answer arrives after the person's own change.
    await ada.createTask('Call the printer');
    await expect.poll(() => asked.length).toBe(1);
    const early = await asked[0]?.fetch();
    await page.getByRole('checkbox', { name: 'Complete “Order paper”' }).click();
    await expect(page.getByText('Completed “Order paper”')).toBeVisible();
    const box = page.getByRole('checkbox', { name: 'Reopen “Order paper”' });
    await expect(box).toBeChecked();

    if (early) await asked[0]?.fulfill({ response: early });
    // The next answer is delayed, so that the early one would stay on the screen if it were shown.
    await expect.poll(() => asked.length).toBe(2);
    await expect(box).toBeChecked();
    isHolding = false;
    await asked[1]?.continue();
    await expectStatistics(page, { total: 3, pending: 1, completed: 2, shared: 0 });
    await expect(box).toBeChecked();
  });
});

test('a person’s own change costs four requests and 6 kB', async () => {
  const { ada } = await people('Ada');
  for (let n = 0; n < 40; n += 1) await ada.createTask(`Water plant ${n}`);
  const page = await dashboardOf(ada);
  let requests: string[] = [];
  let bytes = 0;
  page.on('requestfinished', (request) => {
    if (!request.url().endsWith('/graphql')) return;
    requests.push(/\w+ (\w+)/.exec((request.postDataJSON() as { query: string }).query)?.[1] ?? '');
    void request.sizes().then(({ responseBodySize }) => (bytes += responseBodySize));
  });
  await page.reload();
  await expect(indicator(page)).toHaveText('Live');
  await expect.poll(() => requests).toContain('PinnedViews');
  [requests, bytes] = [[], 0];
  await page.getByRole('checkbox', { name: 'Complete “Water plant 30”' }).click();
  const once = ['CompleteTask', 'DashboardPage', 'PinnedViews', 'Workspace'];
  await expect.poll(() => requests.toSorted()).toEqual(once);
  // The event of the change has arrived, and reads nothing again.
  await page.waitForTimeout(1_500);
  expect(requests).toHaveLength(once.length);
  expect(bytes).toBeLessThan(6_000);
  // Somebody else’s change does.
  await ada.createTask('Made elsewhere');
  await expect(row(page, 'Made elsewhere')).toBeVisible();
});

test('an open page switches to the new day at midnight', async () => {
  const { ada } = await people('Ada');
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  await ada.createTask('Order paper', { dueOn: tomorrow });
  const page = await visit(browser, world.url);
  await page.clock.install({ time: `${new Date().toISOString().slice(0, 10)}T23:58:00Z` });
  await signIn(page, { email: ada.email, password: PASSWORD });
  await expect(row(page, 'Order paper')).toContainText('Due tomorrow');
  await page.clock.fastForward('03:00');
  await expect(row(page, 'Order paper')).toContainText('Due today');
});

describe('the keyboard focus', () => {
  const box = (page: Page, title: string) => page.getByRole('checkbox', { name: `Complete “${title}”` });
  const complete = (person: Person, id: string) =>
    person.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);

  test('[FR-021] moves to the next row when the focused row disappears, and finally to the heading', async () => {
    const { ada } = await people('Ada');
    const first = await ada.createTask('Order paper');
    const second = await ada.createTask('Call the printer');
    const third = await ada.createTask('Send the invoice');
    const page = await dashboardOf(ada);
    await box(page, 'Call the printer').focus();
    await complete(ada, second);
    await expect(box(page, 'Order paper')).toBeFocused();
    await complete(ada, first);
    await expect(box(page, 'Send the invoice')).toBeFocused();
    await complete(ada, third);
    await expect(page.getByRole('heading', { name: 'Your tasks' })).toBeFocused();
  });

  test('[FR-021] stays outside the list when a row disappears', async () => {
    const { ada } = await people('Ada');
    const id = await ada.createTask('Order paper');
    const page = await dashboardOf(ada);
    await page.getByRole('checkbox', { name: 'Complete “Order paper”' }).focus();
    const field = page.getByRole('textbox', { name: 'New task' });
    await field.fill('Call the');
    await complete(ada, id);
    await expect(row(page, 'Order paper')).toHaveCount(0);
    await expect(field).toBeFocused();
    await expect(field).toHaveValue('Call the');
  });

  test('moves to the first new row after the last page', async () => {
    const { ada } = await people('Ada');
    await ada.query('mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor } }', {
      input: { tasks: Array.from({ length: 27 }, (_, index) => ({ title: `Count shelf ${27 - index}` })) },
    });
    const page = await dashboardOf(ada);
    await page.getByRole('button', { name: 'Show more' }).press('Enter');
    await expect(page.getByText('27 of 27', { exact: true })).toBeVisible();
    await expect(
      page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem').nth(25).getByRole('checkbox'),
    ).toBeFocused();
  });

  test('[FR-021] moves to the next row after the person edits a task that has left the list', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Order paper');
    const id = await ada.createTask('Call the printer');
    const page = await dashboardOf(ada);
    await page.getByRole('button', { name: 'Edit “Call the printer”' }).click();
    await complete(ada, id);
    await expect(row(page, 'Call the printer')).toHaveCount(0);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(box(page, 'Order paper')).toBeFocused();
  });
});

test('[FR-025] signing out shows a notice, and signs out the other tab', async () => {
  const { ada } = await people('Ada');
  const page = await dashboardOf(ada);
  const other = await page.context().newPage();
  await other.goto('/settings');
  await expect(indicator(other)).toHaveText('Live');
  await signOut(page);
  await expect(page.getByText('You’ve signed out.')).toBeVisible();
  await expect(other.getByText('Your session has expired.')).toBeVisible();
  await expect(other.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

describe('a lost connection', () => {
  test('[FR-017] [FR-023] [SC-003] [SC-010] the page reconnects to a restarted server, and shows missed changes', async () => {
    const { ada } = await people('Ada');
    const id = await ada.createTask('Order paper');
    const server = await startServerProcess(world.databaseUrl);
    const page = await dashboardOf(ada, { url: server.url, isHurried: true });
    const wasLoadedAgain = await markPage(page);
    await expect(row(page, 'Order paper')).toBeVisible();

    await server.kill();
    await expect(indicator(page)).toHaveText(/^Reconnecting in \d+ s$/);
    await expect(page.getByRole('status').filter({ hasText: 'Reconnecting.' })).toBeAttached();
    await expect(page.getByText('What you see may be out of date.').last()).toBeVisible();
    // Another process of the same installation continues to work.
    await ada.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);
    await ada.createTask('Call the printer');

    await startServerProcess(world.databaseUrl, new URL(server.url).port);
    await passTime(page, 'Live');
    await expect(page.getByText('What you see may be out of date.')).toHaveCount(0);
    await AT_ONCE(row(page, 'Call the printer')).toBeVisible();
    await expect(row(page, 'Order paper')).toHaveCount(0);
    await expectStatistics(page, { total: 2, pending: 1, completed: 1, shared: 0 });
    expect(await wasLoadedAgain()).toBe(false);
  });

  test('[FR-017] a page opened without the server shows a notice, and loads when the server is back', async () => {
    const { ada } = await people('Ada');
    const server = await startServerProcess(world.databaseUrl);
    const page = await dashboardOf(ada, { url: server.url });
    await server.kill();
    await expect(indicator(page)).toHaveText(/^Reconnecting in \d+ s$/);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History' }).click();
    await expect(page.getByText('This page opens as soon as the server is back')).toBeVisible();
    await expect(indicator(page)).toHaveText(/^Reconnecting in \d+ s$/);
    await startServerProcess(world.databaseUrl, new URL(server.url).port);
    await expect(page.getByRole('heading', { name: 'History' })).toBeVisible();
    await expect(indicator(page)).toHaveText('Live');
  });

  test('[FR-017] [FR-023] a device without network shows Offline, and reconnects when it is back', async () => {
    const { ada } = await people('Ada');
    const page = await dashboardOf(ada);
    const wasLoadedAgain = await markPage(page);
    await page.context().setOffline(true);
    await expect(indicator(page)).toHaveText('Offline');
    await ada.createTask('Call the printer');
    await page.context().setOffline(false);
    await expect(indicator(page)).toHaveText('Live');
    await expect(row(page, 'Call the printer')).toBeVisible();
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 0 });
    expect(await wasLoadedAgain()).toBe(false);
  });
});

describe('when the page has to read everything again', () => {
  /** The messages that the server sends over the page's sockets from now on. */
  function listenTo(page: Page): string[] {
    const received: string[] = [];
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => received.push(payload.toString()));
    });
    return received;
  }
  const hasSaid = (received: string[], code: string) => received.some((text) => text.includes(code));
  /** A task that a person adds, as the server reads it from the log. */
  async function logOf(person: Person) {
    const log = await watch<{ events: { event: { subject?: { title: string } } | null } }>(
      world,
      person,
      'subscription { events(filter: { kinds: [TASK_CREATED] }) { event { subject { ... on Task { title } } } } }',
    );
    await log.until(({ events }) => events.event === null);
    return log;
  }
  /** Appends this number of a person's events in one transaction. */
  const happens = ({ id }: Person, times: number) => world.db.$executeRaw`
    INSERT INTO events (actor_id, kind, data)
    SELECT ${uuidOf('User', id)}::uuid, 'user.updated', '{"fields": ["name"]}' FROM generate_series(1, ${times}::int)`;

  test('[FR-017] [SC-003] more than 10,000 events behind, the page reads everything again', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const gone = await ada.createTask('Order paper');
    const log = await logOf(ada);
    const page = await visit(browser, world.url);
    const received = listenTo(page);
    await signIn(page, { email: ada.email, password: PASSWORD });
    await expect(indicator(page)).toHaveText('Live');
    const wasLoadedAgain = await markPage(page);
    await expect(row(page, 'Order paper')).toBeVisible();

    await page.context().setOffline(true);
    await expect(indicator(page)).toHaveText('Offline');
    await ada.query(`mutation { completeTask(input: { id: "${gone}" }) { cursor } }`);
    await happens(bob, 10_001);
    await ada.createTask('Call the printer');
    // The server has read all of them.
    await log.until(({ events }) => events.event?.subject?.title === 'Call the printer');
    await page.context().setOffline(false);
    await expect(indicator(page)).toHaveText('Live');
    await expect(row(page, 'Call the printer')).toBeVisible();
    await expect(row(page, 'Order paper')).toHaveCount(0);
    await expectStatistics(page, { total: 2, pending: 1, completed: 1, shared: 0 });
    expect(hasSaid(received, 'CURSOR_EXPIRED')).toBe(true);

    await ada.createTask('Send the invoice');
    await expect(row(page, 'Send the invoice')).toBeVisible();
    expect(await wasLoadedAgain()).toBe(false);
  });

  test('[FR-017] [SC-003] a page that is too slow resumes after the last event that it got', async () => {
    const { ada } = await people('Ada');
    const page = await visit(browser, world.url);
    const asked: Frame[] = [];
    const cursors: string[] = [];
    let tell: (frame: Frame) => void = () => undefined;
    await page.routeWebSocket('**/graphql', (socket) => {
      const server = socket.connectToServer();
      tell = (frame) => {
        socket.send(JSON.stringify(frame));
      };
      socket.onMessage((message) => {
        const frame = JSON.parse(String(message)) as Frame;
        // The account menu follows conversations on its own.
        const isOfPage = String(message).includes('subscription Events(');
        if (frame.type === 'subscribe' && isOfPage) asked.push(frame);
        server.send(message);
      });
      server.onMessage((message) => {
        const { id, payload } = JSON.parse(String(message)) as {
          id?: string;
          payload?: { data?: { events: { cursor: string } } };
        };
        if (payload?.data && asked.some((frame) => frame.id === id)) cursors.push(payload.data.events.cursor);
        socket.send(message);
      });
    });
    await signIn(page, { email: ada.email, password: PASSWORD });
    await expect(indicator(page)).toHaveText('Live');
    const wasLoadedAgain = await markPage(page);
    await ada.createTask('Order paper');
    await expect(row(page, 'Order paper')).toBeVisible();

    // A browser reads faster than a test can fill a connection, so the test sends the server's message itself.
    const [first] = asked;
    if (!first?.id) throw new Error('the page follows nothing');
    const errors = [{ message: 'You read too slowly.', extensions: { code: 'FELL_BEHIND' } }];
    const last = cursors.at(-1);
    tell({ type: 'next', id: first.id, payload: { data: null, errors } });
    tell({ type: 'complete', id: first.id });
    await expect.poll(() => asked.length).toBeGreaterThan(1);
    expect(asked[1]?.payload).toMatchObject({ variables: { after: last } });
    await ada.createTask('Call the printer');
    await expect(row(page, 'Call the printer')).toBeVisible();
    await expect(indicator(page)).toHaveText('Live');
    expect(await wasLoadedAgain()).toBe(false);
  });

  test('[FR-024] a server that stops sending is noticed, and the page reconnects when it continues', async () => {
    const { ada } = await people('Ada');
    const server = await startServerProcess(world.databaseUrl);
    const page = await dashboardOf(ada, { url: server.url, isHurried: true });
    const wasLoadedAgain = await markPage(page);
    server.signal('SIGSTOP');
    await passTime(page, /^Reconnecting in \d+ s$/);
    await ada.createTask('Order paper');
    server.signal('SIGCONT');
    await passTime(page, 'Live');
    await expect(row(page, 'Order paper')).toBeVisible();
    expect(await wasLoadedAgain()).toBe(false);
  }, 120_000);
});

describe('without WebSockets', () => {
  test('[FR-022] [FR-024] server-sent events deliver changes as fast', async () => {
    const { ada } = await people('Ada');
    const page = await dashboardOf(ada, { url: await behindMiddlebox(world.url, { streams: true }) });
    await ada.createTask('Order paper');
    await AT_ONCE(row(page, 'Order paper')).toBeVisible();
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 0 });

    // The page closes streams, which is not an error.
    await world.db.session.deleteMany({ where: { userId: uuidOf('User', ada.id) } });
    await expect(page.getByText('Your session has expired.')).toBeVisible();
  });

  test('[FR-024] polling every five seconds works without streams', async () => {
    const { ada } = await people('Ada');
    const url = await behindMiddlebox(world.url, { streams: false });
    const narrowest = { viewport: { width: 320, height: 640 } };
    const page = await dashboardOf(ada, { url, word: 'Polling', isHurried: true, options: narrowest });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    await expect(page.getByRole('status').filter({ hasText: 'Polling' })).toBeAttached();
    await ada.createTask('Order paper');
    await page.clock.runFor(5_000);
    await expect(row(page, 'Order paper')).toBeVisible();
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 0 });
  });
});
