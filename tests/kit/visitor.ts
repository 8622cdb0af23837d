import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import {
  expect as look,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from '@playwright/test';
import { onTestFinished } from 'vitest';

/** Output of end-to-end tests for review; not in the repository. */
export const OUTPUT = join(import.meta.dirname, '../.output');

/** Long, since two cores may run PostgreSQL, the server and a browser at once. */
export const expect = look.configure({ timeout: 15_000 });

/**
 * A person with their own browser on the dashboard. The test fails if a page throws or violates the content security
 * policy; a screenshot is kept if the test fails.
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  /** Called before the page loads. */
  prepare: (context: BrowserContext) => Promise<void> = () => Promise.resolve(),
): Promise<Page> {
  const context = await browser.newContext({
    baseURL: url,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ...options,
  });
  await prepare(context);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') await keepPicture(page, task.name);
    await context.close();
    expect(faults, 'errors of the page').toEqual([]);
  });
  await page.goto('/');
  return page;
}

async function keepPicture(page: Page, test: string): Promise<void> {
  const folder = join(OUTPUT, 'failed');
  await mkdir(folder, { recursive: true });
  const name = test.replaceAll(/\W+/g, '-').slice(0, 80);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

export interface Account {
  name: string;
  email: string;
  password: string;
}

export async function signUp(page: Page, { name, email, password }: Account): Promise<void> {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
}

export async function signIn(page: Page, { email, password }: Omit<Account, 'name'>): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/**
 * A person's dashboard in their own browser, once it is live. They signed in by the API, since filling in the sign-in
 * page takes longer than most tests.
 */
export async function openDashboard(
  browser: Browser,
  url: string,
  { email, password }: Omit<Account, 'name'>,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await visit(browser, url, { timezoneId: 'UTC', ...options }, async ({ request }) => {
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }';
    const response = await request.post('/graphql', {
      data: { query, variables: { input: { email, password } } },
    });
    expect(await response.json()).not.toHaveProperty('errors');
  });
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  return page;
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('navigation', { name: 'Account' }).getByRole('button', { name: 'Sign out' }).click();
}

export async function addTask(page: Page, title: string): Promise<void> {
  await page.getByRole('textbox', { name: 'New task' }).fill(title);
  await page.getByRole('button', { name: 'Add task' }).click();
  await expect(page.getByRole('main').getByRole('listitem').filter({ hasText: title })).toBeVisible();
}

/** Selects a status tab of the list. */
export async function show(page: Page, which: 'Open' | 'Completed' | 'Cancelled' | 'All'): Promise<void> {
  await page.getByRole('group', { name: 'Status' }).getByText(which).click();
}

export interface Statistics {
  total: number;
  pending: number;
  completed: number;
  shared: number;
}

/** Waits until the page shows these numbers. It shows none if all are zero. */
export async function expectStatistics(page: Page, expected: Statistics): Promise<void> {
  const section = page.getByRole('region', { name: 'Statistics' });
  if (Object.values(expected).every((count) => count === 0)) {
    await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
    await expect(section).toHaveCount(0);
    return;
  }
  for (const [name, count] of Object.entries(expected)) {
    await expect(section.locator(`[data-statistic="${name}"]`)).toHaveText(
      new RegExp(`^\\s*${String(count)}\\D+$`),
    );
  }
}

/**
 * Checks the page for accessibility violations with axe.
 * @param rules the rules to check; default: all.
 */
export async function expectAccessible(page: Page, rules?: string[]): Promise<void> {
  // Reports only violations, without frames: otherwise axe takes five times as long.
  const axe = new AxeBuilder({ page })
    .options({ resultTypes: ['violations'], ...(rules ? { runOnly: rules } : {}) })
    .setLegacyMode();
  const { violations } = await axe.analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(
    grave.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.target.join(' ')) })),
    `accessibility of ${page.url()}`,
  ).toEqual([]);
}
