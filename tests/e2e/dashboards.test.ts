import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, expect as expectValue, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { launchBrowser } from '../kit/browser.ts';
import { plantMonths } from '../kit/past.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people, db } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const pageOf = ({ email }: Person) => openDashboard(browser, world.url, { email, password: PASSWORD });

async function create(person: Person, input: object): Promise<string> {
  const { createCustomDashboard: made } = await person.query<{
    createCustomDashboard: { customDashboard: { id: string } };
  }>(
    'mutation ($input: CreateCustomDashboardInput!) { createCustomDashboard(input: $input) { customDashboard { id } } }',
    { input },
  );
  return made.customDashboard.id;
}

const card = (page: Page, title: string) =>
  page.getByRole('main').getByRole('region', { name: title, exact: true });
const titles = (page: Page) => page.locator('[data-widget] h2').allTextContents();

const NUMBER = { kind: 'NUMBER', measure: 'OPEN', width: 3, height: 1 };
const BAR = { kind: 'BAR', measure: 'OPEN', by: 'PRIORITY' };

test('a person starts with a template, and gets from a live number to its tasks', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { priority: 'HIGH' });
  const page = await pageOf(ada);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Dashboards' }).click();
  await page.getByRole('button', { name: 'New dashboard' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('My week');
  await page.getByRole('button', { name: 'Create dashboard' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'My week' })).toBeVisible();
  const bars = card(page, 'Open tasks by priority');
  await expect(bars.getByRole('listitem').filter({ hasText: 'High' })).toContainText('1');
  await ada.createTask('Call the printer', { priority: 'HIGH' });
  await expect(bars.getByRole('listitem').filter({ hasText: 'High' })).toContainText('2');
  await bars.getByRole('listitem').filter({ hasText: 'High' }).getByRole('link').click();
  await expect(page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem')).toHaveText([
    /Call the printer/,
    /Order paper/,
  ]);
});

test('a widget is added with a preview, changed, removed, and comes back with an undo', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { labels: ['office'] });
  const id = await create(ada, { name: 'Empty' });
  const page = await pageOf(ada);
  await page.goto(`/dashboards/${id}`);
  await page.getByRole('button', { name: 'Add widget' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add widget' });
  await dialog.getByLabel('Grouped by').selectOption('Label');
  await expect(dialog.getByRole('group', { name: 'Preview' })).toContainText('office');
  await dialog.getByLabel('Tasks', { exact: true }).selectOption('Of a filter');
  await dialog.getByRole('combobox', { name: 'Filter' }).fill('label:nothing');
  await dialog.getByRole('combobox', { name: 'Filter' }).press('Enter');
  await expect(dialog.getByRole('group', { name: 'Preview' })).toContainText('No tasks.');
  await dialog.getByLabel('Title').fill('By label');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await expect(dialog).toBeHidden();
  await expect(card(page, 'By label')).toContainText('label:nothing');
  await page.getByRole('button', { name: 'Actions for “By label”' }).click();
  await page.getByRole('button', { name: 'Remove widget' }).click();
  await expect(page.getByText('No widgets yet')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(card(page, 'By label')).toBeVisible();
  await page.reload();
  await expect(card(page, 'By label')).toBeVisible();
});

test('widgets are arranged by keyboard and by pointer, with an order of their own on a phone', async () => {
  const { ada } = await people('Ada');
  const named = (title: string) => ({ ...NUMBER, title });
  const id = await create(ada, { name: 'Three', widgets: ['A', 'B', 'C'].map(named) });
  const page = await pageOf(ada);
  await page.goto(`/dashboards/${id}`);
  await page.getByRole('button', { name: 'Arrange' }).click();
  await page.getByRole('button', { name: 'Move “A”' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(page.getByText('A: place 2 of 3, 4 columns wide, 1 rows high.')).toBeAttached();
  await expect(page.getByRole('button', { name: 'Move “A”' })).toBeFocused();
  await expect(page.getByText('Dashboard arranged')).toBeVisible();
  expectValue(await titles(page)).toEqual(['B', 'A', 'C']);
  const from = await page.getByRole('button', { name: 'Move “C”' }).boundingBox();
  const to = await card(page, 'B').boundingBox();
  if (!from || !to) throw new Error('The widgets are not visible');
  await page.mouse.move(from.x + 10, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(to.x + 40, to.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => titles(page)).toEqual(['C', 'B', 'A']);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Dashboard restored')).toBeVisible();
  await expect.poll(() => titles(page)).toEqual(['B', 'A', 'C']);

  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Move “C”' }).press('ArrowUp');
  await expect.poll(() => titles(page)).toEqual(['B', 'C', 'A']);
  await expect(page.getByText('Dashboard arranged')).toBeVisible();
  await page.reload();
  await expect.poll(() => titles(page)).toEqual(['B', 'C', 'A']);
  await page.setViewportSize({ width: 1280, height: 860 });
  await expect.poll(() => titles(page)).toEqual(['B', 'A', 'C']);
});

test('a dashboard is read as of a past day, where numbers that were not kept are refused', async () => {
  const { ada } = await people('Ada');
  await plantMonths(db, uuidOf('User', ada.id));
  const id = await create(ada, { name: 'Past', widgets: [NUMBER, { ...NUMBER, measure: 'OVERDUE' }] });
  const page = await pageOf(ada);
  await page.goto(`/dashboards/${id}?asOf=2026-01-05`);
  await expect(card(page, 'Overdue tasks')).toContainText('Overdue tasks of past days are not kept.');
  await expect(card(page, 'Open tasks').getByText('0', { exact: true })).toBeVisible();
  await page.goto(`/dashboards/${id}`);
  await expect(card(page, 'Overdue tasks')).not.toContainText('not kept');
});

test('a widget says what it counts, and is saved as CSV and as a picture with a title and a date', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { priority: 'URGENT' });
  const id = await create(ada, { name: 'Files', widgets: [BAR] });
  const page = await pageOf(ada);
  await page.goto(`/dashboards/${id}`);
  await page.getByRole('button', { name: 'Actions for “Open tasks by priority”' }).click();
  await page.getByRole('button', { name: 'Definition and export' }).click();
  const dialog = page.getByRole('dialog', { name: 'Open tasks by priority' });
  await expect(dialog).toContainText('How many tasks are to do or in progress. Counts tasks that you own.');
  const saved = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name }).click(),
    ]);
    return readFile(await download.path());
  };
  expectValue(String(await saved('Save as CSV'))).toBe(
    'Priority,Open tasks\r\nNone,0\r\nLow,0\r\nMedium,0\r\nHigh,0\r\nUrgent,1\r\n',
  );
  const svg = String(await saved('Save as SVG'));
  expectValue(svg).toContain('>Open tasks by priority</text>');
  expectValue(svg).toContain(`${new Date().getUTCFullYear()}</text>`);
  expectValue((await saved('Save as PNG')).subarray(1, 4).toString()).toBe('PNG');
  const query = await dialog.getByRole('textbox', { name: 'GraphQL' }).inputValue();
  const { widgetData } = await ada.query<{ widgetData: { series: { points: { value: number }[] }[] } }>(
    query,
  );
  expectValue(widgetData.series[0]?.points.map(({ value }) => value)).toEqual([0, 0, 0, 0, 1]);
});

test('the members of a team see its dashboard, and viewers do not change it', async () => {
  const { ada, vic } = await people('Ada', 'Vic');
  const team = await teamOf(ada, [[vic, 'VIEWER']]);
  const id = await create(ada, { name: 'Ours', teamId: team.id, template: 'TEAM' });
  const page = await pageOf(vic);
  await page.goto(`/dashboards/${id}`);
  await expect(card(page, 'Burn-up')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Arrange' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'Add widget' })).toBeHidden();
  await page.goto('/dashboards/dashboard_00000000000000000000000000');
  await expect(page.getByText('This dashboard doesn’t exist, or it isn’t shared with you.')).toBeVisible();
});

test('dashboards are accessible on a phone, a tablet and a desktop, in both themes', async () => {
  const { ada } = await people('Ada');
  await plantMonths(db, uuidOf('User', ada.id));
  const id = await create(ada, { name: 'All kinds', template: 'PERSONAL' });
  const lead = await create(ada, { name: 'Lead', template: 'LEAD' });
  const page = await pageOf(ada);
  for (const [width, height] of [
    [390, 844],
    [820, 1180],
    [1280, 860],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const [path, title] of [
      [`/dashboards/${id}`, 'All tasks by status'],
      [`/dashboards/${lead}`, 'Cycle time by week'],
      ['/dashboards', 'Yours'],
    ] as const) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(path);
      await expect(card(page, title)).toBeVisible();
      await expectAccessible(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      await expectAccessible(page, ['color-contrast']);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expectValue(overflow, `${path} at ${width} pixels`).toBeLessThanOrEqual(0);
    }
  }
  await page.goto(`/dashboards/${id}`);
  await page.getByRole('button', { name: 'Arrange' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Add widget' }).click();
  await expect(page.getByRole('dialog', { name: 'Add widget' })).toBeVisible();
  await expectAccessible(page);
});
