import type { Browser, Page } from '@playwright/test';
import { beforeAll, expect as expectValue, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { giveShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { expect, show, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const dashboardOf = ({ email }: Person) => openDashboard(browser, world.url, { email, password: PASSWORD });

/** The list has exactly these titles, in this order. */
const expectTitles = (page: Page, titles: (string | RegExp)[]) =>
  expect(page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem')).toHaveText(
    titles.map((title) => new RegExp(title)),
  );

const day = (fromToday: number) => new Date(Date.now() + fromToday * DAY_MS).toISOString().slice(0, 10);

/** The parts of the rows' texts that are highlighted. */
const marksOf = (page: Page) =>
  page.getByRole('region', { name: 'Your tasks' }).locator('mark').allTextContents();

test('search finds words in titles and descriptions, and updates live (M16)', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { description: 'Of the heavy kind' });
  await ada.createTask('Call the printer', {
    description: `${'About the invoice. '.repeat(9)}Be careful with Zoë’s paper`,
  });
  await ada.createTask('Count the paper cups');
  const page = await dashboardOf(ada);

  await page.keyboard.press('/');
  const box = page.getByRole('searchbox', { name: 'Find in titles and descriptions' });
  await expect(box).toBeFocused();
  await expect(box).toHaveAttribute('placeholder', 'Find in titles and descriptions');
  await page.keyboard.type('PAPER o');
  await expectTitles(page, ['Order paper']);
  expectValue(await marksOf(page)).toEqual(['Order', 'paper']);
  await expect(page.getByRole('status').filter({ hasText: '1 of 1 tasks' })).toBeAttached();
  await ada.createTask('Sort old paper');
  await expectTitles(page, ['Sort old paper', 'Order paper']);
  await page.reload();
  await expectTitles(page, ['Sort old paper', 'Order paper']);
  expectValue(await marksOf(page)).toEqual(['old', 'paper', 'Order', 'paper']);

  await box.fill('zoe paper care');
  await expectTitles(page, ['Call the printer.*Be careful with Zoë’s paper']);
  expectValue(await marksOf(page)).toEqual(['careful', 'Zoë', 'paper']);
  await page.getByRole('button', { name: 'Edit “Call the printer”' }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill('Zoë has careful paper');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expectTitles(page, ['Zoë has careful paper']);
  await expect(page.getByRole('region', { name: 'Your tasks' }).locator('mark')).toHaveText([
    'Zoë',
    'careful',
    'paper',
  ]);

  await box.fill('paper tiger');
  await expect(page.getByText('No tasks match.')).toBeVisible();
  await page.getByRole('button', { name: 'Clear search and filters' }).click();
  await expect(box).toHaveValue('');
  await expect(
    page.getByRole('main').getByRole('listitem').filter({ hasText: 'Count the paper cups' }),
  ).toBeVisible();
});

test('“Overdue” links to exactly the counted tasks', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  await ada.createTask('Order paper', { dueOn: day(-2) });
  await ada.createTask('Call the printer', { dueOn: day(-3), priority: 'HIGH' });
  await ada.createTask('Water the plants', { dueOn: day(0) });
  await ada.createTask('Book a room', { dueOn: day(-1), status: 'DONE' });
  const shared = await bob.createTask('Send the invoice', { dueOn: day(-2) });
  await giveShare(bob, ada, shared);

  const page = await dashboardOf(ada);
  await page.getByRole('link', { name: '2 Overdue' }).click();
  await expectTitles(page, ['Call the printer', 'Order paper']);
  await page.getByRole('button', { name: 'Filters 1 active' }).click();
  await page.getByRole('combobox', { name: 'Show' }).selectOption('Shared with me');
  await expectTitles(page, ['Send the invoice']);
  await page.getByRole('combobox', { name: 'Show' }).selectOption('Everyone’s');
  await page.getByRole('combobox', { name: 'Priority' }).selectOption('High');
  await expectTitles(page, ['Call the printer']);

  await page.reload();
  await expectTitles(page, ['Call the printer']);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await show(page, 'All');
  await expect(page.getByRole('main').getByRole('listitem').filter({ hasText: 'Book a room' })).toBeVisible();
  expectValue(new URL(page.url()).searchParams.has('due')).toBe(false);
});

test('the list filters by team and by assignee', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { id: teamId, name: teamName } = await teamOf(ada, [[bob, 'MEMBER']]);
  await ada.createTask('Order paper', { teamId, assigneeId: bob.id });
  await ada.createTask('Call the printer', { teamId });
  await bob.createTask('Water the plants');

  const page = await dashboardOf(bob);
  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByRole('combobox', { name: 'Show' }).selectOption(teamName);
  await expectTitles(page, ['Call the printer', /Order paper\s+From Ada\s+Assigned to\s+you/]);
  await page.getByRole('combobox', { name: 'Show' }).selectOption('Assigned to me');
  await expectTitles(page, ['Order paper']);
  await page.getByRole('combobox', { name: 'Show' }).selectOption('Owned by me');
  await expectTitles(page, ['Water the plants']);
});
