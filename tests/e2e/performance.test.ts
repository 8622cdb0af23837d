import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { launchBrowser } from '../kit/browser.ts';
import { startTestServer } from '../kit/server.ts';
import { expect, signIn, signUp, visit } from '../kit/visitor.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const ADMIN = { name: 'Grace', email: 'grace@example.com', password: PASSWORD };
const environment = { ADMIN_EMAILS: ADMIN.email, TRACE_SAMPLE_RATE: '1' };

const world = await startWorld({ ...environment, SLOW_MS: '0' });
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  const page = await browser.newPage({ baseURL: world.url });
  await signUp(page, ADMIN);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(ADMIN.name);
  await verifyAccount(world.db, ADMIN.email);
  return () => browser.close();
});

/** The page queries again after this time. */
const RENEWED_AFTER_MS = 5_000;

async function atPerformance(url: string): Promise<Page> {
  const page = await visit(browser, url);
  await page.clock.install();
  await signIn(page, ADMIN);
  await page.getByRole('button', { name: 'Account: Grace' }).click();
  await page.getByRole('link', { name: 'Performance' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Performance' })).toBeVisible();
  return page;
}

const times = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });

describe('[T060] the server’s performance figures', () => {
  test('are linked from the account menu for administrators, by operation, field and statement', async () => {
    const { ada } = await world.people('Ada');
    const operation = `ThreeTimes${Date.now()}`;
    for (let n = 0; n < 3; n += 1) await ada.query(`query ${operation} { tasks(first: 5) { totalCount } }`);
    await ada.query('query Refused { task(id: "nonsense") { id } }').catch(() => undefined);
    const page = await atPerformance(world.url);

    await expect(times(page, operation).getByRole('cell').first()).toHaveText('3');
    await expect(times(page, operation)).toContainText(/\d ms/);
    const glance = page.getByRole('region', { name: 'At a glance' });
    await expect(glance).toContainText(/Connections\s*\d+ of 10/);
    await expect(glance).toContainText(/Log lag\s*\d/);
    await expect(glance).toContainText('VALIDATION_FAILED');

    const choose = (which: string) =>
      page.getByRole('group', { name: 'Timings of' }).getByText(which).click();
    await choose('Fields');
    await expect(times(page, 'Query.tasks')).toBeVisible();
    await choose('Statements');
    // Depending on other statements, these may not be among the first.
    const showAll = page.getByRole('button', { name: 'Show all' });
    await showAll
      .or(page.getByRole('row').filter({ hasText: operation }))
      .first()
      .waitFor();
    if (await showAll.isVisible()) await showAll.click();
    await expect(page.getByRole('row').filter({ hasText: operation }).first()).toBeVisible();
    await choose('Slowest');
    await expect(times(page, 'SignUp').first()).toBeVisible();
  });

  test('can be sorted by keyboard, in both directions', async () => {
    const page = await atPerformance(world.url);
    await page.getByRole('button', { name: 'Pause' }).click();
    const header = (name: string) => page.getByRole('columnheader', { name });
    const counts = async () =>
      (await page.locator('tbody tr td:nth-child(2)').allInnerTexts()).map((text) =>
        Number(text.replaceAll(',', '')),
      );
    await expect(header('Total')).toHaveAttribute('aria-sort', 'descending');
    await header('Count').getByRole('button').focus();
    await page.keyboard.press('Enter');
    await expect(header('Count')).toHaveAttribute('aria-sort', 'descending');
    const falling = await counts();
    expect(falling).toEqual(falling.toSorted((a, b) => b - a));
    await page.keyboard.press('Enter');
    await expect(header('Count')).toHaveAttribute('aria-sort', 'ascending');
    expect((await counts())[0]).toBe(Math.min(...falling));

    await header('Operation').getByRole('button').click();
    await expect(header('Operation')).toHaveAttribute('aria-sort', 'ascending');
    const names = await page.getByRole('rowheader').allInnerTexts();
    expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b, 'en')));
  });

  test('refresh automatically, and stop while paused', async () => {
    const { ada } = await world.people('Ada');
    const at = Date.now();
    const [before, inPause, later] = [`Before${at}`, `InPause${at}`, `Later${at}`];
    const page = await atPerformance(world.url);
    await ada.query(`query ${before} { viewer { id } }`);
    await page.clock.runFor(RENEWED_AFTER_MS);
    await expect(times(page, before)).toBeVisible();

    const pause = page.getByRole('button', { name: 'Pause' });
    await pause.click();
    await expect(pause).toHaveAttribute('aria-pressed', 'true');
    await ada.query(`query ${inPause} { viewer { id } }`);
    await page.clock.runFor(RENEWED_AFTER_MS);
    await expect(times(page, inPause)).toHaveCount(0);
    await pause.click();
    await page.clock.runFor(RENEWED_AFTER_MS);
    await expect(times(page, inPause)).toBeVisible();
    await pause.click();

    // An event of a task makes the page query again; the answer waits behind the current read.
    await ada.query(`query ${later} { viewer { id } }`);
    const answered = page.waitForResponse(async (response) => (await response.text()).includes(later));
    const { signIn: session } = await world.query<{ signIn: { token: string } }>(
      'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token } }',
      { email: ADMIN.email, password: ADMIN.password },
    );
    await world.query(
      'mutation { createTask(input: { title: "Look at the log" }) { cursor } }',
      {},
      {
        authorization: `Bearer ${session.token}`,
      },
    );
    await answered;
    await expect(times(page, later)).toHaveCount(0);
    await pause.click();
    await expect(times(page, later)).toBeVisible();
  });

  test('show a message if there are none', async () => {
    const quick = await startTestServer(world.databaseUrl, { ...environment, SLOW_MS: '60000' });
    try {
      const page = await atPerformance(quick.url);
      await page.getByText('Slowest').click();
      await expect(page.getByText('No operation took longer than SLOW_MS.')).toBeVisible();
    } finally {
      await quick.stop();
    }
  });

  test('are hidden from other people, who see a notice', async () => {
    const { ada } = await world.people('Ada');
    const page = await visit(browser, world.url);
    await signIn(page, { email: ada.email, password: PASSWORD });
    await page.getByRole('button', { name: 'Account: Ada' }).click();
    await expect(page.getByRole('link', { name: 'Settings' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Performance' })).toHaveCount(0);

    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.postData() ?? ''));
    await page.goto('/performance');
    await expect(page.getByText('This page is for administrators only.')).toBeVisible();
    expect(asked.filter((document) => document.includes('performance {'))).toEqual([]);
    await page.getByRole('link', { name: 'Go to your dashboard' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Ada');
  });
});
