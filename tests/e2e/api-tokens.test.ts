import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const world = await startWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function settingsOf({ email }: Person): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/settings');
  return page;
}

const section = (page: Page) => page.getByRole('region', { name: 'API tokens' });

const row = (page: Page, name: string) => section(page).getByRole('listitem').filter({ hasText: name });

const clipboardOf = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

/** Everything that outlives the dialog in the browser: the page itself, its address and its storage. */
const remainsOf = (page: Page) =>
  page.evaluate(() =>
    JSON.stringify([document.documentElement.outerHTML, location.href, localStorage, sessionStorage]),
  );

test('[FR-013] a person creates a token by keyboard, uses it, sees its last use, and revokes it', async () => {
  const { ada } = await world.people('Ada');
  await ada.createTask('Water the plants');
  const page = await settingsOf(ada);
  await expect(section(page)).toContainText('No tokens yet.');

  await section(page).getByRole('button', { name: 'New token' }).press('Enter');
  const form = page.getByRole('dialog', { name: 'New API token' });
  await expect(form.getByLabel('Name')).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.type('Nightly report');
  const lastDay = new Date(Date.now() + 30 * DAY_MS);
  await form.getByLabel('Last day').fill(lastDay.toISOString().slice(0, 10));
  await form.getByLabel('Name').press('Enter');

  const created = page.getByRole('dialog', { name: 'Token “Nightly report”' });
  await expect(created.getByRole('button', { name: 'Copy token' })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Copied the token')).toBeVisible();
  const token = await clipboardOf(page);
  expect(token).toMatch(/^twp_/);
  await created.getByRole('button', { name: 'Copy agent command' }).press('Enter');
  await expect
    .poll(() => clipboardOf(page))
    .toBe(
      `claude mcp add --transport http taskwire ${world.url}/mcp --header "Authorization: Bearer ${token}"`,
    );
  const command = await created.getByLabel('Try it with curl').inputValue();
  await page.keyboard.press('Escape');
  await expect(section(page).getByRole('button', { name: 'New token' })).toBeFocused();
  expect(await remainsOf(page)).not.toContain(token);
  const words = lastDay.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  await expect(row(page, 'Nightly report')).toContainText('Read only · created');
  await expect(row(page, 'Nightly report')).toContainText(`never used · expires after ${words}`);

  const { stdout } = await promisify(execFile)('sh', ['-c', command]);
  expect(JSON.parse(stdout)).toMatchObject({ data: { tasks: { totalCount: 1 } } });
  const rename = 'mutation { updateViewer(input: { name: "Eve" }) { viewer { name } } }';
  const headers = { authorization: `Bearer ${token}` };
  await expect(world.query(rename, {}, headers)).rejects.toThrow(/WRITE/);
  await page.reload();
  await expect(row(page, 'Nightly report')).toContainText(/last used \d+ \w+ \d+/);
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Revoke “Nightly report”' }).press('Enter');
  const confirmation = page.getByRole('dialog', { name: 'Revoke “Nightly report”?' });
  await expect(confirmation.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await expectAccessible(page);
  await confirmation.getByRole('button', { name: 'Revoke token' }).press('Enter');
  await expect(section(page)).toContainText('No tokens yet.');
  await expect(section(page).getByRole('button', { name: 'New token' })).toBeFocused();
  await expect(world.query('{ viewer { name } }', {}, headers)).rejects.toThrow(
    'This API token is not valid or has been revoked.',
  );
});

test('[FR-009] a person limits a token to a team by keyboard, and reads the limit in the list', async () => {
  const { eve } = await world.people('Eve');
  const { name } = await teamOf(eve);
  await teamOf(eve);
  await eve.createTask('Water the plants');
  const page = await settingsOf(eve);
  await section(page).getByRole('button', { name: 'New token' }).press('Enter');
  const form = page.getByRole('dialog', { name: 'New API token' });
  await page.keyboard.type('Team report');
  await expect(form.getByLabel('All of your work')).toBeChecked();
  await form.getByLabel('All of your work').press('ArrowDown');
  await expect(form.getByLabel('Only these teams')).toBeChecked();
  await form.getByRole('button', { name: 'Create token' }).press('Enter');
  await expect(form.getByText('Choose at least one team.')).toBeVisible();
  await expectAccessible(page);
  await form.getByLabel(name).press('Space');
  await form.getByRole('button', { name: 'Create token' }).press('Enter');
  const created = page.getByRole('dialog', { name: 'Token “Team report”' });
  await expect(created).toContainText('can act as you in these teams');
  const token = await created.getByLabel('Token', { exact: true }).inputValue();
  await page.keyboard.press('Escape');
  await expect(row(page, 'Team report')).toContainText(`Read only · limited to ${name} · created`);
  const seen = await world.query(
    '{ tasks { totalCount } teams { nodes { name } } }',
    {},
    {
      authorization: `Bearer ${token}`,
    },
  );
  expect(seen).toEqual({ tasks: { totalCount: 0 }, teams: { nodes: [{ name }] } });
});

test('a person with the most tokens reads why they get no other, and revokes all with a new password', async () => {
  const { bob } = await world.people('Bob');
  await apiTokenOf(bob, { scopes: ['WRITE'] });
  const { userId } = await world.db.apiToken.findFirstOrThrow({ where: { user: { email: bob.email } } });
  const planted = Array.from({ length: 99 }, (_, place) => ({
    userId,
    name: `Token ${place}`,
    hash: randomBytes(32),
    scopes: ['READ' as const],
    expiresAt: new Date('2026-01-01T00:00:00Z'),
  }));
  await world.db.apiToken.createMany({ data: planted });
  const page = await settingsOf(bob);
  await expect(row(page, 'a script')).toContainText('Read and write');
  await expect(section(page).getByRole('listitem')).toHaveCount(100);
  await expect(row(page, 'Token 98')).toContainText('expired after 31 Dec 2025');

  await section(page).getByRole('button', { name: 'New token' }).click();
  const form = page.getByRole('dialog', { name: 'New API token' });
  await form.getByLabel('Name').fill('x'.repeat(101));
  await form.getByRole('button', { name: 'Create token' }).click();
  await expect(form.getByLabel('Name')).toHaveAccessibleDescription(/at most 100 characters/);
  await form.getByLabel('Name').fill('One too many');
  await form.getByLabel('Access').selectOption('Read and write');
  await form.getByRole('button', { name: 'Create token' }).click();
  await expect(form.getByRole('alert')).toHaveText(
    'You have reached the limit of 100 tokens. Revoke a token you no longer use.',
  );
  await form.getByRole('button', { name: 'Cancel' }).click();

  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password').fill('a better horse battery');
  await page.getByLabel('Also revoke all API tokens and disconnect all applications').check();
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(section(page)).toContainText('No tokens yet.');
});
