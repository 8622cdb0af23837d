import type { Browser, Locator, Page } from '@playwright/test';
import { beforeAll, expect as expectValue, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function boardOf({ email }: Person, address: string): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD });
  await page.goto(world.url + address);
  return page;
}

const column = (page: Page, name: string) => page.getByRole('region', { name });
const cards = (page: Page, name: string) => column(page, name).getByRole('listitem');

async function drag(page: Page, card: Locator, target: Locator): Promise<void> {
  const [from, to] = [await card.boundingBox(), await target.boundingBox()];
  if (!from || !to) throw new Error('The card or the column is not visible');
  await page.mouse.move(from.x + 100, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(from.x + 120, from.y + 20, { steps: 3 });
  await page.mouse.move(to.x + 60, to.y + 80, { steps: 5 });
}

test('a card is dragged to another column, by mouse and keyboard, and others see it live', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'VIEWER']]);
  const first = await ada.createTask('Order paper', { teamId: team.id });
  await ada.createTask('Call the printer', { teamId: team.id });
  const address = `/?source=${team.id}&show=all&board=status`;
  const [adas, bobs] = [await boardOf(ada, address), await boardOf(bob, address)];
  await expect(column(adas, 'To do').getByRole('heading')).toHaveText(/To do\s*2/);
  await expect(cards(bobs, 'To do')).toHaveCount(2);

  await drag(adas, cards(adas, 'To do').filter({ hasText: 'Order paper' }), column(adas, 'In progress'));
  await expect(column(adas, 'In progress')).toHaveClass(/target/);
  // A change by another person does not move the columns below the pointer.
  await ada.createTask('Meanwhile', { teamId: team.id });
  await expect(cards(bobs, 'To do')).toHaveCount(3);
  await expect(cards(adas, 'To do')).toHaveCount(2);
  await adas.mouse.up();
  await expect(cards(adas, 'In progress')).toHaveText([/Order paper/]);
  await expect(cards(adas, 'To do')).toHaveCount(2);
  await expect(cards(bobs, 'In progress')).toHaveText([/Order paper/]);
  await expect(column(bobs, 'In progress').getByRole('heading')).toHaveText(/In progress\s*1/);
  expectValue(new URL(adas.url()).pathname).toBe('/');
  const { task } = await ada.query<{ task: { status: string } }>(
    'query ($id: ID!) { task(id: $id) { status } }',
    {
      id: first,
    },
  );
  expectValue(task.status).toBe('IN_PROGRESS');

  await cards(adas, 'In progress').getByRole('link').focus();
  await adas.keyboard.press('Space');
  await adas.keyboard.press('ArrowRight');
  await expect(column(adas, 'Completed')).toHaveClass(/target/);
  await adas.keyboard.press('Space');
  await expect(cards(bobs, 'Completed')).toHaveText([/Order paper/]);
  await expect(cards(adas, 'Completed').getByRole('link')).toBeFocused();
  await adas.keyboard.press('u');
  await expect(cards(bobs, 'In progress')).toHaveText([/Order paper/]);

  await cards(bobs, 'In progress').getByRole('link').focus();
  await bobs.keyboard.press('Space');
  await expect(bobs.getByText('You can view “Order paper”, but not change it.')).toBeVisible();
});

test('a board by label and by week changes that field', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { labels: ['office', 'home'], dueOn: '2031-03-05' });
  await ada.createTask('Sand the table', { labels: ['home'], dueOn: '2031-03-11' });
  const page = await boardOf(ada, '/?board=label');
  await expect(cards(page, 'home')).toHaveCount(2);
  await drag(page, cards(page, 'office').first(), column(page, 'home'));
  await page.mouse.up();
  await expect(cards(page, 'home')).toHaveCount(2);
  await expect(column(page, 'office')).toBeHidden();

  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByRole('combobox', { name: 'Layout' }).selectOption('Board by due week');
  await page.getByRole('button', { name: 'Filters' }).click();
  await drag(page, cards(page, 'Week of 3 Mar 2031').first(), column(page, 'Week of 10 Mar 2031'));
  await page.mouse.up();
  await expect(cards(page, 'Week of 10 Mar 2031')).toHaveCount(2);
  const paper = async () => {
    const { tasks } = await ada.query<{ tasks: { nodes: object[] } }>(
      '{ tasks(filterText: "title:paper") { nodes { labels dueOn } } }',
    );
    return tasks.nodes;
  };
  await expect.poll(paper).toEqual([{ labels: ['home'], dueOn: '2031-03-12' }]);
});

test('a column of a team’s view shows its limit, and that it has more tasks', async () => {
  const { ada, vic } = await people('Ada', 'Vic');
  const team = await teamOf(ada, [[vic, 'VIEWER']]);
  await ada.createTask('Order paper', { teamId: team.id });
  const { createView } = await ada.query<{ createView: { view: { id: string } } }>(
    'mutation ($input: CreateViewInput!) { createView(input: $input) { view { id } } }',
    { input: { teamId: team.id, name: 'Board', layout: 'BOARD', groupBy: 'STATUS' } },
  );
  const address = `/views/${createView.view.id}`;
  const [adas, vics] = [await boardOf(ada, address), await boardOf(vic, address)];
  const heading = (page: Page) => column(page, 'To do').getByRole('heading');
  await expect(heading(vics)).toHaveText(/To do\s*1$/);
  await expect(vics.getByRole('button', { name: 'Limit of “To do”' })).toHaveCount(0);

  await adas.getByRole('button', { name: 'Limit of “To do”' }).click();
  await adas.getByRole('spinbutton', { name: 'Most tasks' }).fill('1');
  await adas.keyboard.press('Enter');
  await expect(heading(vics)).toHaveAccessibleName(/To do 1\s*, limit 1/);
  await ada.createTask('Call the printer', { teamId: team.id });
  await expect(heading(vics)).toHaveText(/2\s\/\s1/);
  await expect(heading(vics)).toHaveAccessibleName(/To do 2\s*, over the limit of 1/);

  await adas.getByRole('button', { name: 'Limit of “To do”' }).click();
  await adas.getByRole('spinbutton', { name: 'Most tasks' }).fill('');
  await adas.getByRole('button', { name: 'Save changes' }).click();
  await expect(heading(vics)).toHaveText(/To do\s*2$/);
});
