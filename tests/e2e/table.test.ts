import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { beforeAll, expect as expectValue, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function tableOf({ email }: Person, address: string, options?: BrowserContextOptions): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD }, options);
  await page.goto(world.url + address);
  await expect(page.getByRole('grid')).toBeVisible();
  return page;
}

const rows = (page: Page) => page.getByRole('grid').getByRole('row');
const cell = (page: Page, title: string, field: string) =>
  rows(page).filter({ hasText: title }).locator(`[data-cell="${field}"]`);

async function taskOf(person: Person, title: string): Promise<object | undefined> {
  const { tasks } = await person.query<{ tasks: { nodes: object[] } }>(
    `query ($text: String) {
       tasks(filterText: $text) { nodes { title status priority dueOn labels assignee { name } } }
     }`,
    { text: `title:"${title}"` },
  );
  return tasks.nodes[0];
}

test('the cells of a table are reached and edited by keys alone, and others see it live', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const paper = await ada.createTask('Order paper', { teamId: team.id, priority: 'LOW' });
  await ada.createTask('Call the printer', { teamId: team.id, priority: 'HIGH', dueOn: '2031-03-05' });
  const address = `/?source=${team.id}&layout=table&show=all`;
  const [adas, bobs] = [await tableOf(ada, address), await tableOf(bob, address)];

  await adas.getByRole('columnheader', { name: 'Title' }).getByRole('button').focus();
  await adas.keyboard.press('Enter');
  await expect(adas.getByRole('columnheader', { name: 'Title' })).toHaveAttribute('aria-sort', 'ascending');
  await expect(rows(adas)).toHaveText([/Title/, /Call the printer/, /Order paper/]);
  await adas.keyboard.press('Enter');
  await expect(rows(adas)).toHaveText([/Title/, /Order paper/, /Call the printer/]);
  await expect.poll(() => new URL(adas.url()).searchParams.get('sort')).toBe('-title');

  await adas.keyboard.press('ArrowDown');
  await expect(cell(adas, 'Order paper', 'title')).toBeFocused();
  await adas.keyboard.press('Enter');
  await adas.keyboard.type('Order white paper');
  await adas.keyboard.press('Escape');
  await expect(cell(adas, 'Order paper', 'title')).toBeFocused();
  await adas.keyboard.press('Enter');
  await adas.keyboard.type('Order blue paper');
  await adas.keyboard.press('Enter');
  await expect(rows(bobs).filter({ hasText: 'Order blue paper' })).toBeVisible();
  await expect(cell(adas, 'Order blue paper', 'title')).toBeFocused();

  await adas.keyboard.press('ArrowRight');
  await expect(cell(adas, 'Order blue paper', 'status')).toBeFocused();
  await adas.keyboard.press('Enter');
  await adas.getByRole('combobox', { name: 'Status: Order blue paper' }).selectOption('In progress');
  await expect(cell(bobs, 'Order blue paper', 'status')).toHaveText('In progress');
  await expect(cell(adas, 'Order blue paper', 'status')).toBeFocused();
  await adas.keyboard.press('ArrowRight');
  await adas.keyboard.press('ArrowRight');
  await adas.keyboard.press('Enter');
  await adas.getByLabel('Due date: Order blue paper').fill('2031-04-01');
  await adas.keyboard.press('Enter');
  await expect(cell(bobs, 'Order blue paper', 'due')).toHaveText('1 Apr 2031');
  await adas.keyboard.press('ArrowRight');
  await adas.keyboard.press('Enter');
  const assignee = adas.getByRole('combobox', { name: 'Assignee: Order blue paper' });
  await expect(assignee.locator('option')).toHaveText(['Unassigned', 'Ada', 'Bob']);
  await assignee.selectOption('Bob');
  await expect(cell(bobs, 'Order blue paper', 'assignee')).toHaveText('Bob');
  await adas.keyboard.press('End');
  await expect(cell(adas, 'Order blue paper', 'owner')).toBeFocused();
  await adas.keyboard.press('Enter');
  await expect(adas.getByText('“Owner” is changed on the page of the task.')).toBeVisible();
  await adas.keyboard.press('ArrowLeft');
  await adas.keyboard.press('ArrowLeft');
  await adas.keyboard.press('Enter');
  await adas.keyboard.type('home, office ,home');
  await adas.keyboard.press('Enter');
  await expect(cell(bobs, 'Order blue paper', 'labels')).toHaveText(/home\s*office/);
  expectValue(await taskOf(ada, 'Order blue paper')).toEqual({
    title: 'Order blue paper',
    status: 'IN_PROGRESS',
    priority: 'LOW',
    dueOn: '2031-04-01',
    labels: ['home', 'office'],
    assignee: { name: 'Bob' },
  });

  // Bob's change of the same cell stands; the one of another cell does not matter.
  await cell(adas, 'Order blue paper', 'title').focus();
  await adas.keyboard.press('F2');
  await adas.keyboard.type('Order red paper');
  await adas.context().setOffline(true);
  const { task } = await bob.query<{ task: { version: number } }>(
    'query ($id: ID!) { task(id: $id) { version } }',
    { id: paper },
  );
  await bob.query('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }', {
    input: { id: paper, version: task.version, title: 'Order green paper' },
  });
  await adas.context().setOffline(false);
  await adas.keyboard.press('Enter');
  await expect(cell(adas, 'Order green paper', 'title')).toBeVisible();
  expectValue(await taskOf(ada, 'paper')).toMatchObject({ title: 'Order green paper' });

  await cell(adas, 'Order green paper', 'status').focus();
  await adas.keyboard.press('o');
  await expect(adas).toHaveURL(new RegExp(`/t/${paper}`));
});

test('columns are sized, ordered and left out, also by keys, and stay so in the browser', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { labels: ['home'] });
  const page = await tableOf(ada, '/?layout=table');
  await expectAccessible(page);
  const header = (name: string) => page.getByRole('columnheader', { name });
  const widthOf = async (name: string) => (await header(name).boundingBox())?.width;
  await header('Status').getByRole('button').focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => widthOf('Status')).toBe(144);
  const box = await header('Status').boundingBox();
  if (!box) throw new Error('The column is not visible');
  await page.mouse.move(box.x + box.width, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width + 40, box.y + 10, { steps: 3 });
  await page.mouse.up();
  await expect.poll(() => widthOf('Status')).toBeGreaterThan(175);

  await page.getByRole('button', { name: 'Columns' }).click();
  const dialog = page.getByRole('dialog', { name: 'Columns' });
  await dialog.getByRole('checkbox', { name: 'Owner' }).uncheck();
  await dialog.getByRole('button', { name: 'Move “Labels” to the left' }).click();
  await dialog.getByRole('spinbutton', { name: 'Width of “Title” in pixels' }).fill('200');
  await page.keyboard.press('Tab');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  const titles = ['Title', 'Status', 'Priority', 'Due date', 'Labels', 'Assignee', 'Team'];
  await expect(page.getByRole('columnheader')).toHaveText(titles);
  await expect.poll(() => widthOf('Title')).toBe(200);
  await page.reload();
  await expect(page.getByRole('columnheader')).toHaveText(titles);
});

test('only rows in and near the window are in the page, and keys move on to others', async () => {
  const { ada } = await people('Ada');
  const tasks = Array.from({ length: 120 }, (_, n) => ({ title: `Errand ${String(n).padStart(3, '0')}` }));
  await ada.query('mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor } }', {
    input: { tasks },
  });
  const page = await tableOf(ada, '/?layout=table&sort=title');
  for (const shown of [50, 75, 100, 120]) {
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(page.getByText(`${shown} of 120`, { exact: true }).first()).toBeAttached();
  }
  expectValue(await rows(page).count()).toBeLessThan(70);
  await cell(page, 'Errand 000', 'status').focus();
  const last = cell(page, 'Errand 119', 'status');
  // A key moves as far as rows are drawn.
  await expect(async () => {
    await page.keyboard.press('PageDown');
    await expect(last).toBeFocused({ timeout: 250 });
  }).toPass();
});

test('on a phone, a table scrolls to the side while its titles stay', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { labels: ['home'] });
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const page = await tableOf(ada, '/?layout=table', phone);
  await expectAccessible(page);
  await page.getByRole('grid').evaluate((grid) => grid.scrollTo({ left: 500 }));
  await expect(cell(page, 'Order paper', 'labels')).toBeInViewport();
  await expect(page.getByRole('link', { name: 'Order paper' })).toBeInViewport();
  expectValue(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});
