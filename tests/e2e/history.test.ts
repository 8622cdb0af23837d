import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { launchBrowser } from '../kit/browser.ts';
import { plantLife } from '../kit/past.ts';
import { teamOf } from '../kit/team.ts';
import { expect, signIn, visit } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const DAY_MS = 86_400_000;
const BUILD = join(import.meta.dirname, '../../client/build');
/** The maximum of JavaScript for the first page, gzipped. */
const MOST_SCRIPT_BYTES = 110_000;

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** A person with a completed and an open task, both created in the last weeks, and one of last spring. */
async function withPast(): Promise<Person> {
  const { ada } = await people('Ada');
  const owner = uuidOf('User', ada.id);
  const ago = (days: number) => Date.now() - days * DAY_MS;
  await plantLife(world.db, owner, null, [
    { at: ago(12), status: 'TODO' },
    { at: ago(10), status: 'IN_PROGRESS' },
    { at: ago(8), status: 'DONE' },
  ]);
  await plantLife(world.db, owner, null, [{ at: ago(5), status: 'TODO' }]);
  await plantLife(world.db, owner, null, [
    { at: ago(200), status: 'TODO' },
    { at: ago(190), status: 'DONE' },
  ]);
  return ada;
}

async function historyOf({ email, name }: Person): Promise<Page> {
  const page = await visit(browser, world.url);
  await signIn(page, { email, password: PASSWORD });
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'History' })).toBeVisible();
  return page;
}

const chart = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });
const choose = (page: Page, range: string) =>
  page.getByRole('group', { name: 'Period' }).getByText(range).click();

/** A chart's values from the table below it, without the days. */
async function valuesOf(page: Page, title: string): Promise<number[][]> {
  const rows = chart(page, title).locator('tbody tr');
  const texts = await rows.evaluateAll((all) =>
    (all as unknown as { cells: Iterable<{ textContent: string }> }[]).map(({ cells }) =>
      Array.from(cells, (cell) => cell.textContent),
    ),
  );
  return texts.map((cells) => cells.slice(1).map((text) => Number(text.replaceAll(',', ''))));
}

describe('the history of a person’s work', () => {
  test('shows each day as the API does, in charts and in tables', async () => {
    const ada = await withPast();
    const page = await historyOf(ada);
    const { dashboard } = await ada.query<{
      dashboard: {
        createdPerDay: { count: number }[];
        completedPerDay: { count: number }[];
        history: {
          burnUp: { total: number; completed: number }[];
          cumulativeFlow: { todo: number; inProgress: number; done: number; cancelled: number }[];
          throughput: { completed: number }[];
        };
      };
    }>(`{ dashboard { createdPerDay(days: 30) { count } completedPerDay(days: 30) { count } history(days: 30) {
      burnUp { total completed } cumulativeFlow { todo inProgress done cancelled } throughput { completed } } } }`);
    const { history, createdPerDay, completedPerDay } = dashboard;

    for (const [title, expected] of [
      ['Created and completed', createdPerDay.map(({ count }, n) => [count, completedPerDay[n]?.count])],
      ['Burn-up', history.burnUp.map(({ total, completed }) => [total, completed])],
      [
        'Cumulative flow',
        history.cumulativeFlow.map((day) => [day.done, day.inProgress, day.todo, day.cancelled]),
      ],
      ['Throughput', history.throughput.map(({ completed }) => [completed])],
    ] as const) {
      await chart(page, title).getByText('Show as a table').click();
      await expect(chart(page, title).getByRole('table')).toBeVisible();
      expect(await valuesOf(page, title), title).toEqual(expected);
    }
    await expect(chart(page, 'Created and completed')).toContainText('2 created, 1 completed in 30 days');
    await expect(chart(page, 'Burn-up')).toContainText('2 of 3 completed');
    const durations = chart(page, 'How long tasks take');
    await expect(durations).toContainText(/Cycle time.*Median\s*2 days.*Lead time.*Median\s*4 days/s);
  });

  test('shows each value by the keys of a slider, in words', async () => {
    const page = await historyOf(await withPast());
    const slider = page.getByRole('slider', { name: 'Burn-up, day by day' });
    await slider.focus();
    await page.keyboard.press('Home');
    await expect(slider).toHaveAttribute('aria-valuetext', /: all 1, completed 1$/);
    for (let steps = 0; steps < 29; steps += 1) await page.keyboard.press('ArrowRight');
    await expect(slider).toHaveAttribute('aria-valuetext', /: all 3, completed 2$/);
    await page.keyboard.press('ArrowLeft');
    await expect(slider).toHaveValue('28');
    const yesterday = await slider.getAttribute('aria-valuetext');
    await expect(slider).toHaveAttribute('aria-valuetext', /: all 3, completed 2$/);
    await choose(page, '90 days');
    await expect(slider).toHaveValue('88');
    expect(await slider.getAttribute('aria-valuetext')).toBe(yesterday);
  });

  test('shows a quarter or a year, which the URL keeps', async () => {
    const page = await historyOf(await withPast());
    await chart(page, 'Burn-up').getByText('Show as a table').click();
    await expect(chart(page, 'Burn-up').locator('tbody tr')).toHaveCount(30);
    await choose(page, '90 days');
    await expect(chart(page, 'Burn-up').locator('tbody tr')).toHaveCount(90);
    await choose(page, '1 year');
    await expect(chart(page, 'Burn-up').locator('tbody tr')).toHaveCount(365);
    expect(Math.max(...(await valuesOf(page, 'Burn-up')).map(([total]) => total ?? 0))).toBe(3);
    await expect(chart(page, 'How long tasks take')).toContainText(/Lead time.*85th percentile\s*10 days/s);

    await page.reload();
    await expect(page.getByRole('radio', { name: '1 year' })).toBeChecked();
    await expect(chart(page, 'Created and completed')).toContainText('in 365 days');
  });

  test('shows a team, and people outside the team get a notice and a way back', async () => {
    const { ada } = await people('Ada');
    const team = await teamOf(ada);
    await plantLife(world.db, uuidOf('User', ada.id), uuidOf('Team', team.id), [
      { at: Date.now() - 3 * DAY_MS, status: 'TODO' },
    ]);
    await ada.createTask('Mine alone');
    await ada.createTask('Mine alone too');
    const page = await historyOf(ada);
    await expect(chart(page, 'Burn-up')).toContainText('0 of 3 completed');
    await page.getByLabel('Owner or team').selectOption({ label: team.name });
    await expect(chart(page, 'Burn-up')).toContainText('0 of 1 completed');

    const stranger = await historyOf(await withPast());
    await stranger.goto(new URL(page.url()).pathname + new URL(page.url()).search);
    await expect(stranger.getByRole('alert')).toBeVisible();
    await stranger.getByRole('link', { name: 'Show my tasks' }).click();
    await expect(chart(stranger, 'Burn-up')).toContainText('2 of 3 completed');
  });

  test('[FR-017] updates without a reload', async () => {
    const ada = await withPast();
    const page = await historyOf(ada);
    await expect(chart(page, 'Burn-up')).toContainText('2 of 3 completed');
    await expect(page.locator('[data-connection]')).toHaveText('Live');
    const id = await ada.createTask('Order paper');
    await expect(chart(page, 'Burn-up')).toContainText('2 of 4 completed');
    await ada.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);
    await expect(chart(page, 'Burn-up')).toContainText('3 of 4 completed');
  });

  test('says what to do if there is no history yet', async () => {
    const { ada } = await people('Ada');
    const page = await historyOf(ada);
    await expect(page.getByText('No history yet')).toBeVisible();
    await page.getByRole('link', { name: 'Go to your dashboard' }).click();
    await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  });
});

test('[SC-006] the dashboard loads only the scripts it needs; the charts’ scripts load with their page', async () => {
  const { ada } = await people('Ada');
  const page = await visit(browser, world.url);
  const scripts = new Set<string>();
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.endsWith('.js')) scripts.add(pathname);
  });
  const bytes = () =>
    Array.from(scripts, (path) => readFileSync(join(BUILD, `${path}.gz`)).length).reduce((a, b) => a + b, 0);
  await signIn(page, { email: ada.email, password: PASSWORD });
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  scripts.clear();
  await page.goto('/');
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  const first = bytes();
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(MOST_SCRIPT_BYTES);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History' }).click();
  await expect(page.getByText('No history yet')).toBeVisible();
  expect(bytes()).toBeGreaterThan(first);
});
