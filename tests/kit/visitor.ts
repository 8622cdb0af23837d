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

/** What end-to-end tests leave to be looked at; not in the repository. */
export const OUTPUT = join(import.meta.dirname, '../.output');

/** Patient, since two cores may have to run PostgreSQL, the server and a browser at once. */
export const expect = look.configure({ timeout: 15_000 });

/**
 * A person with a browser of their own, on the dashboard's address. The test fails when a page of theirs throws or
 * breaks the content security policy; a picture of what they saw last is kept when the test fails.
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  /** Done before the page is loaded. */
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
    expect(faults, 'what went wrong in the page').toEqual([]);
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
 * A person's dashboard in a browser of their own, from the moment on when it is live. They have signed in by the API: to
 * load and fill in the sign-in page takes longer than most tests.
 */
export async function openDashboard(
  browser: Browser,
  url: string,
  { email, password }: Omit<Account, 'name'>,
): Promise<Page> {
  const page = await visit(browser, url, { timezoneId: 'UTC' }, async ({ request }) => {
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
  await expect(page.getByRole('listitem').filter({ hasText: title })).toBeVisible();
}

/** Which of the person's tasks the list shows. */
export async function show(page: Page, which: 'Open' | 'Completed' | 'Cancelled' | 'All'): Promise<void> {
  await page.getByRole('group', { name: 'Status' }).getByText(which).click();
}

export interface Statistics {
  total: number;
  pending: number;
  completed: number;
  shared: number;
}

/** Waits until the page shows exactly these numbers. */
export async function expectStatistics(page: Page, expected: Statistics): Promise<void> {
  const section = page.getByRole('region', { name: 'Statistics' });
  for (const [name, count] of Object.entries(expected)) {
    await expect(section.locator(`[data-statistic="${name}"]`)).toHaveText(
      new RegExp(`^\\D+${String(count)}\\D+$`),
    );
  }
}

/**
 * Nothing on the page keeps a person with a disability out, as far as axe can tell.
 * @param rules the rules of axe to check; all of them when left out.
 */
export async function expectAccessible(page: Page, rules?: string[]): Promise<void> {
  // Only violations in full, and in the page itself, which has no frames: axe takes five times as long otherwise.
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
