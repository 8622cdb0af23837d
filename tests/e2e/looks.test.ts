import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { launchBrowser } from '../kit/browser.ts';
import { clientOf, connected, requestOf } from '../kit/oauth.ts';
import { plantMonths } from '../kit/past.ts';
import { giveShare } from '../kit/shares.ts';
import { converse, say } from '../kit/talk.ts';
import { invite, teamOf } from '../kit/team.ts';
import {
  expect,
  expectAccessible,
  expectStatistics,
  OUTPUT,
  signIn,
  signOut,
  signUp,
  visit,
} from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const touch = { isMobile: true, hasTouch: true };

const devices = {
  phone: { viewport: { width: 390, height: 844 }, ...touch },
  tablet: { viewport: { width: 820, height: 1180 }, ...touch },
  desktop: { viewport: { width: 1280, height: 860 } },
};

const ADMIN = { name: 'Grace', email: 'grace@example.com', password: PASSWORD };

const TEAM = 'Moving the office';
const CONVERSATION = 'Colors of the new office';

const world = await startWorld({ ADMIN_EMAILS: ADMIN.email, SLOW_MS: '0' });
let browser: Browser;
let ada: Person;

beforeAll(async () => {
  await mkdir(join(OUTPUT, 'screenshots'), { recursive: true });
  browser = await launchBrowser();
  const { ada: person, bob, cleo } = await world.people('Ada', 'Bob', 'Cleo');
  ada = person;
  const invoices = await fillWorkspace(ada);
  const expiresAt = new Date(Date.now() + 20 * DAY_MS);
  await giveShare(ada, bob, invoices, { permission: 'EDIT', expiresAt });
  await giveShare(ada, cleo, invoices, { permission: 'VIEW', expiresAt });
  await makeTeam(ada, bob, cleo);
  await talk(ada, bob, cleo);
  const page = await browser.newPage({ baseURL: world.url });
  await signUp(page, ADMIN);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(ADMIN.name);
  const { id } = await world.db.user.findUniqueOrThrow({ where: { email: ADMIN.email } });
  await verifyAccount(world.db, ADMIN.email);
  await plantMonths(world.db, id);
  return () => browser.close();
});

/** Visits all pages on a device, and checks each in the light and the dark theme. */
async function lookAround(device: string, options: BrowserContextOptions): Promise<void> {
  const page = await visit(browser, world.url, { ...options, colorScheme: 'light' });
  const look = async (name: string) => {
    await picture(page, `${name}-${device}-light`);
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, `${name}-${device}-dark`);
    // The themes differ only in colors.
    await expectAccessible(page, ['color-contrast']);
    await page.emulateMedia({ colorScheme: 'light' });
    if (device === 'phone') expect(await tooSmallOf(page), `too small for a finger in ${name}`).toEqual([]);
  };

  await page.goto('/sign-up');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await look('sign-up');
  await page.goto('/nowhere');
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
  await look('not-found');
  await page.goto('/help');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await look('help');
  await page.goto('/sign-in');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await look('sign-in');

  await signIn(page, { email: ada.email, password: PASSWORD });
  await expectStatistics(page, { total: 9, pending: 7, completed: 2, shared: 0 });
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  await look('dashboard');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: 'Search' }).click();
  await expect(page.getByRole('option', { name: TEAM })).toBeVisible();
  await look('palette');
  await page.keyboard.type('in');
  await expect(page.getByRole('option', { name: 'Send the March invoices' })).toBeVisible();
  await look('palette-results');
  await page.keyboard.press('Escape');
  await page.context().setOffline(true);
  await expect(page.locator('[data-connection]')).toHaveText('Offline');
  await expect(page.getByRole('button', { name: 'Try now' })).toBeVisible();
  await look('offline');
  await page.context().setOffline(false);
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  const open = async (action: string) => {
    const row = 'Send the March invoices';
    if (options.hasTouch) await page.getByRole('button', { name: `Actions for “${row}”` }).click();
    await page.getByRole('button', { name: `${action} “${row}”` }).click();
  };
  if (options.hasTouch) {
    await page.getByRole('button', { name: 'Actions for “Send the March invoices”' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await look('task-actions');
    await page.keyboard.press('Escape');
  }
  await open('Edit');
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('edit-task');
  await page.keyboard.press('Escape');
  await open('Share');
  await expect(page.getByRole('dialog').getByRole('listitem').filter({ hasText: 'Cleo' })).toBeVisible();
  await look('share-task');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Send the March invoices' }).click();
  await expect(page.getByText('You created the task')).toBeVisible();
  await look('task');
  const { parameters } = requestOf(world, await clientOf(world, { client_name: 'Garden planner' }));
  await page.goto(`/authorize?${parameters}`);
  await expect(page.getByRole('button', { name: 'Allow' })).toBeVisible();
  await look('authorize');
  await connected(world, ada);
  await page.goto('/conversations');
  await expect(page.getByRole('link', { name: CONVERSATION })).toBeVisible();
  await look('conversations');
  await page.getByRole('button', { name: 'New conversation' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('new-conversation');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: CONVERSATION }).click();
  await expect(page.getByRole('log').getByText('the green ones')).toBeVisible();
  await look('conversation');
  await page.goto('/activity');
  await expect(page.getByText('You created the team')).toBeVisible();
  await look('activity');
  await page.goto('/settings');
  await expect(page.getByLabel('Time zone')).toBeVisible();
  await look('settings');
  await page.goto('/teams');
  const team = page.getByRole('main').getByRole('link', { name: TEAM });
  await expect(team).toBeVisible();
  await look('teams');
  await team.click();
  await expect(page.getByRole('heading', { name: 'Pending invitations' })).toBeVisible();
  await look('team');
  await page.getByRole('button', { name: 'Change the role of “Bob”' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('role');
  await page.keyboard.press('Escape');
  await signOut(page);

  await signIn(page, ADMIN);
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  await page.goto('/activity?audit');
  await expect(page.getByText('signed in').first()).toBeVisible();
  await look('audit');
  await page.goto('/performance');
  await expect(page.getByRole('rowheader', { name: 'DashboardPage' })).toBeVisible();
  await look('performance');
  await page.goto('/teams');
  await expect(page.getByRole('heading', { name: 'Invitations' })).toBeVisible();
  await look('invited');
  await page.goto('/history?days=90');
  await expect(page.getByText(/^\d+ of \d+ completed/)).toBeVisible();
  await look('history');
}

test.each(Object.entries(devices))(
  '[FR-016] [FR-020] every page is readable and accessible on a %s, in light and in dark',
  { timeout: 120_000 },
  lookAround,
);

test('[FR-020] a long name does not push the page off a phone’s screen', async () => {
  const page = await visit(browser, world.url, { ...devices.phone, viewport: { width: 320, height: 640 } });
  const name = 'Wilhelmina Featherstonehaugh-Cholmondeley';
  await signUp(page, { name, email: `wilhelmina.${Date.now()}@example.com`, password: PASSWORD });
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  expect(await excessOf(page)).toBe(0);
});

test('[FR-020] very long words do not make a page wider than a phone’s screen', async () => {
  const word = 'Donaudampfschifffahrtsgesellschaft';
  const { donaudampfschifffahrtsgesellschaft: person } = await world.people(word);
  const { createTeam } = await person.query<{ createTeam: { team: { id: string } } }>(
    'mutation ($name: String!) { createTeam(input: { name: $name }) { team { id } } }',
    { name: `${word}s${word}`.slice(0, 60) },
  );
  const title = word.repeat(6).slice(0, 200);
  await person.createTask(title, { description: title, teamId: createTeam.team.id });
  const page = await visit(browser, world.url, { ...devices.phone, viewport: { width: 320, height: 640 } });
  await signIn(page, { email: person.email, password: PASSWORD });
  await page.getByRole('checkbox', { name: `Complete “${title}”` }).click();
  await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible();
  expect(await excessOf(page)).toBe(0);
  await page.goto('/settings');
  await expect(page.getByLabel('Time zone')).toBeVisible();
  expect(await excessOf(page)).toBe(0);
  await page.goto('/teams');
  await page.getByRole('main').getByRole('link', { name: word }).click();
  await expect(page.getByRole('heading', { name: '1 member' })).toBeVisible();
  expect(await excessOf(page)).toBe(0);
});

test('[FR-020] a page that is too wide for a phone is detected', async () => {
  const page = await visit(browser, world.url, devices.phone);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  expect(await excessOf(page)).toBe(0);
  await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"width: 400px\">wide</p>')");
  expect(await excessOf(page)).toBe(10);
});

test.runIf(process.env['UPDATE_SCREENSHOTS'] === '1')('the README shows the current dashboard', async () => {
  const page = await visit(browser, world.url, { ...devices.desktop, colorScheme: 'light' });
  await signIn(page, { email: ada.email, password: PASSWORD });
  await expectStatistics(page, { total: 9, pending: 7, completed: 2, shared: 0 });
  const docs = join(import.meta.dirname, '../../docs');
  await mkdir(docs, { recursive: true });
  await page.screenshot({ path: join(docs, 'dashboard.png') });
});

/** Saves a screenshot for review. The page must not be wider than the screen. */
async function picture(page: Page, name: string): Promise<void> {
  if (!process.env['CI'])
    await page.screenshot({ path: join(OUTPUT, 'screenshots', `${name}.png`), fullPage: true });
  expect(await excessOf(page), `pixels that ${name} is too wide`).toBe(0);
}

/** The pixels by which the page is wider than the screen. On a phone, `innerWidth` grows with the content. */
function excessOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Controls smaller than 44 × 44 pixels, except links within a sentence. */
function tooSmallOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    [...document.querySelectorAll('button, .button, summary, select, input.control, label:has(input), nav a')]
      .map((element) => [element, element.getBoundingClientRect()])
      .filter(([, { width, height }]) => width > 1 && height > 1 && Math.min(width, height) < 43.9)
      .map(([{ ariaLabel, textContent }]) => ariaLabel ?? textContent.trim())`);
}

/** A team with a person of each role, and with pending invitations. */
async function makeTeam(owner: Person, admin: Person, member: Person): Promise<void> {
  const { id } = await teamOf(owner, [
    [admin, 'ADMIN'],
    [member, 'MEMBER'],
  ]);
  const description = 'From the old mill to the harbour, by the end of May. Nothing is to be carried twice.';
  await owner.query('mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { cursor } }', {
    input: { id, name: TEAM, description },
  });
  await invite(owner, id, ADMIN.email, 'VIEWER');
  await invite(admin, id, 'the.removal.company@example.com');
}

async function talk(one: Person, other: Person, third: Person): Promise<void> {
  const id = await converse(one, [other, third], CONVERSATION);
  await say(
    one,
    id,
    'Which **chairs** shall we order? We need:\n\n- 12 for the meeting room\n- 4 for the kitchen',
  );
  await say(other, id, 'I like [the green ones](https://example.com/chairs), but not `#00ff00`.');
  await say(other, id, 'They are also the cheapest.');
  await say(one, id, 'Agreed.');
  await say(third, id, 'Then I order them today.');
  const another = await converse(other, [one], 'Lunch');
  for (const content of ['Pizza?', 'Or soup?']) await say(other, another, content);
}

/** @returns the id of the last task. */
async function fillWorkspace(person: Person): Promise<string> {
  const day = (fromToday: number) => new Date(Date.now() + fromToday * DAY_MS).toISOString().slice(0, 10);
  const tasks = [
    ['Renew the domain names', { priority: 'LOW', dueOn: day(20) }],
    ['Write the release notes', { status: 'DONE' }],
    ['Water the plants', { status: 'DONE' }],
    ['Choose a caterer for the summer party', {}],
    ['Order recycled paper', { priority: 'LOW', description: 'A4, 80 g, ten reams.' }],
    ['Review the hiring plan', { status: 'IN_PROGRESS', priority: 'MEDIUM', dueOn: day(3) }],
    ['Prepare slides for the board', { status: 'IN_PROGRESS', priority: 'HIGH', dueOn: day(1) }],
    ['Call the printer about the brochure', { priority: 'MEDIUM', dueOn: day(0) }],
    [
      'Send the March invoices',
      { priority: 'URGENT', dueOn: day(-2), description: 'Two customers wait for a credit note.' },
    ],
  ] as const;
  let last = '';
  for (const [title, details] of tasks) last = await person.createTask(title, details);
  return last;
}
