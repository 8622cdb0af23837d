import type { Browser, Page } from '@playwright/test';
import { beforeAll, expect as check, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { startTestServer } from '../kit/server.ts';
import { expect, openDashboard, signOut } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const task = (page: Page, title: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: title });

/** The dashboard of a person in a browser that keeps pages, from a server that the test can stop. */
async function keptDashboard({ email }: Person) {
  const server = await startTestServer(world.databaseUrl);
  const account = { email, password: PASSWORD };
  const page = await openDashboard(browser, server.url, account, { serviceWorkers: 'allow' });
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  // The first page was loaded before there was a service worker.
  await page.reload();
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  return { page, server };
}

/** How many answers the browser keeps. */
const kept = (page: Page) =>
  page.evaluate(async () =>
    (await caches.has('answers')) ? (await (await caches.open('answers')).keys()).length : 0,
  );

test('[FR-019] without the server a person reads what their browser kept; changes wait and are sent later', async () => {
  const { ada } = await world.people('Ada');
  const id = await ada.createTask('Buy milk', { description: 'Two litres.' });
  await ada.createTask('Not yet');
  const deleted = await ada.createTask('Deleted meanwhile');
  const { page, server } = await keptDashboard(ada);
  await task(page, 'Buy milk').getByRole('link').first().click();
  await expect(page.getByText('Two litres.')).toBeVisible();
  await expect.poll(() => kept(page)).toBeGreaterThan(3);
  await server.stop();

  await page.goto('/');
  await expect(task(page, 'Buy milk')).toBeVisible();
  await expect(page.getByText(/You see the data of .*20\d\d/).last()).toBeVisible();
  await page.goto(`/t/${id}`);
  await expect(page.getByText('Two litres.')).toBeVisible();
  await expect(page.getByText(/You see the data of/).last()).toBeVisible();

  // Changes wait in the browser, also over a reload, and can be taken back.
  await page.goto('/');
  const waiting = page.getByRole('group').filter({ hasText: 'kept in this browser' });
  await page.getByRole('textbox', { name: 'New task' }).fill('Bake bread');
  await page.getByRole('button', { name: 'Add task' }).click();
  await expect(page.getByRole('textbox', { name: 'New task' })).toHaveValue('');
  await expect(waiting).toContainText('1 change is kept');
  await page.getByRole('checkbox', { name: 'Complete “Buy milk”' }).click();
  await page.getByRole('checkbox', { name: 'Complete “Deleted meanwhile”' }).click();
  await page.getByRole('checkbox', { name: 'Complete “Not yet”' }).click();
  await expect(waiting).toContainText('4 changes are kept');
  await page.reload();
  await expect(waiting).toContainText('4 changes are kept');
  await expect(page.getByRole('checkbox', { name: 'Reopen “Buy milk”' })).toBeChecked();
  await page.getByRole('checkbox', { name: 'Reopen “Not yet”' }).click();
  await expect(waiting).toContainText('3 changes are kept');

  await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: deleted });
  await ada.createTask('Made meanwhile');
  const back = await startTestServer(world.databaseUrl, { PORT: new URL(server.url).port });
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect(task(page, 'Made meanwhile')).toBeVisible();
  await expect(task(page, 'Bake bread')).toBeVisible();
  await expect(waiting).toContainText('1 change is kept');
  await waiting.getByText('1 change is kept').click();
  await expect(waiting).toContainText('Deleted meanwhile');
  await expect(waiting.getByRole('alert')).toBeVisible();
  await waiting.getByRole('button', { name: 'Discard' }).click();
  await expect(waiting).toHaveCount(0);
  const { tasks } = await ada.query<{ tasks: { nodes: object[] } }>(
    '{ tasks(first: 10, orderBy: [{ field: TITLE, direction: ASC }]) { nodes { title status } } }',
  );
  check(tasks.nodes).toEqual([
    { title: 'Bake bread', status: 'TODO' },
    { title: 'Buy milk', status: 'DONE' },
    { title: 'Made meanwhile', status: 'TODO' },
    { title: 'Not yet', status: 'TODO' },
  ]);
  await expect(page.getByText(/You see the data of/)).toHaveCount(0);
  await back.stop();
});

test('[FR-026] nothing is kept after signing out', async () => {
  const { ada } = await world.people('Ada');
  await ada.createTask('Private');
  const { page, server } = await keptDashboard(ada);
  await expect.poll(() => kept(page)).toBeGreaterThan(1);
  await signOut(page);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect.poll(() => kept(page)).toBe(0);
  await server.stop();
  await page.goto('/');
  await expect(page.getByText('Private')).toHaveCount(0);
  check(await kept(page)).toBe(0);
});

test('a text that another application shares becomes a draft, beside what was typed before', async () => {
  const { ada } = await world.people('Ada');
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  const { share_target: target } = (await (await page.request.get('/manifest.webmanifest')).json()) as {
    share_target: { action: string; params: Record<'title' | 'text' | 'url', string> };
  };
  const share = (given: Partial<Record<'title' | 'text' | 'url', string>>) =>
    page.goto(
      `${target.action}?${new URLSearchParams(
        Object.entries(given).map(([name, value]) => [target.params[name as 'title'], value]),
      ).toString()}`,
    );
  await share({ title: 'A recipe', url: 'https://example.com/soup' });
  const title = page.getByRole('textbox', { name: 'New task' });
  const description = page.getByRole('textbox', { name: 'Description' });
  await expect(title).toHaveValue('A recipe');
  await expect(description).toHaveValue('https://example.com/soup');
  await expect(page).toHaveURL(/\/$/);
  await share({ text: 'Second\nwith two lines' });
  await expect(title).toHaveValue('A recipe');
  await expect(description).toHaveValue('https://example.com/soup\n\nSecond\n\nwith two lines');
});
