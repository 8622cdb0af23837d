import type { Browser, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { publicId } from '../../server/ids.ts';
import { launchBrowser } from '../kit/browser.ts';
import { giveShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectStatistics, openDashboard } from '../kit/visitor.ts';
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

const row = (page: Page, title: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: title });

test('[T066] [BR-06] a person shares a task, changes the access, and revokes it', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  await teamOf(ada, [[bob, 'VIEWER']]);
  await ada.createTask('Plan the party');
  const [page, other] = await Promise.all([dashboardOf(ada), dashboardOf(bob)]);

  const open = page.getByRole('button', { name: 'Share “Plan the party”' });
  await open.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Share “Plan the party”' });
  await expect(dialog).toContainText('Not shared yet.');
  await dialog.getByLabel('Email').fill(ada.email);
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('You cannot share a task with yourself.');
  await expect(dialog.getByLabel('Email')).toHaveAccessibleDescription(/You cannot share/);

  const tomorrow = new Date(Date.now() + DAY_MS);
  await dialog.getByLabel('Email').fill(bob.email);
  await dialog.getByLabel('Access ends').fill(tomorrow.toISOString().slice(0, 10));
  await page.keyboard.press('Enter');
  const share = dialog.getByRole('listitem').filter({ hasText: 'Bob' });
  const lastDay = tomorrow.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  await expect(share).toContainText(`Access ends after ${lastDay}`);
  await expectStatistics(other, { total: 0, pending: 0, completed: 0, shared: 1 });
  await other.getByRole('link', { name: 'Shared with me' }).click();
  await expect(other.getByRole('link', { name: 'Plan the party' })).toBeVisible();

  await share.getByLabel('Access for Bob').selectOption('Can edit');
  await other.getByRole('checkbox', { name: 'Complete “Plan the party”' }).click();
  await expectStatistics(page, { total: 1, pending: 0, completed: 1, shared: 0 });

  await share.getByRole('button', { name: 'Stop sharing with Bob' }).click();
  await expect(dialog).toContainText('Not shared yet.');
  await expectStatistics(other, { total: 0, pending: 0, completed: 0, shared: 0 });
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('[T066] [BR-15] a new person follows a link, signs up, accepts the task, blocks its sender, and unblocks them (M11)', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Plan the party');
  const page = await dashboardOf(ada);
  await page.getByRole('button', { name: 'Share “Plan the party”' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share “Plan the party”' });
  const shareWith = async (email: string) => {
    await dialog.getByLabel('Email').fill(email);
    await page.keyboard.press('Enter');
    await expect(dialog.getByRole('button', { name: 'Copy link' })).toBeFocused();
    return dialog.getByLabel(`Link for ${email}`).inputValue();
  };
  const revoked = await shareWith('zoe@example.com');
  await dialog.getByRole('button', { name: 'Revoke the offer to zoe@example.com' }).click();
  await expect(dialog.getByText('Pending offers')).toHaveCount(0);
  const link = await shareWith('eve@example.com');
  expect(link).not.toBe(revoked);

  const other = await browser.newPage({ baseURL: world.url });
  await other.goto(link);
  await expect(
    other.getByText('You have been offered a task. Sign in or create an account to respond.'),
  ).toBeVisible();
  await other.getByRole('link', { name: 'Create an account' }).click();
  await other.getByLabel('Name').fill('Eve');
  await other.getByLabel('Email').fill('eve@example.com');
  await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await other.keyboard.press('Enter');
  await expect(other.getByRole('heading', { name: 'Plan the party' })).toBeVisible();
  await expect(other.getByText('Ada offers you this task to view.')).toBeVisible();
  await other.getByRole('button', { name: 'Accept “Plan the party”' }).press('Enter');
  await expect(other.getByRole('link', { name: 'Plan the party' })).toBeVisible();
  await expect(dialog.getByRole('listitem').filter({ hasText: 'Eve' })).toBeVisible();
  await other.goto(revoked);
  await expect(
    other.getByText('This share offer does not exist, or you do not have access to it.'),
  ).toBeVisible();

  await other.goto('/');
  const { id } = await world.db.user.findUniqueOrThrow({ where: { email: 'eve@example.com' } });
  await ada.query('mutation ($input: ShareTaskInput!) { shareTask(input: $input) { cursor } }', {
    input: { taskId: await ada.createTask('Bake the cake'), userId: publicId('User', id) },
  });
  const offers = other.getByRole('region', { name: 'Offered to you' });
  await expect(offers).toContainText('Bake the cake');
  await offers.getByRole('button', { name: 'Block Ada' }).press('Enter');
  await expect(offers).toHaveCount(0);
  await other.goto('/settings');
  await other.getByRole('button', { name: 'Unblock Ada' }).click();
  await expect(other.getByText('You have not blocked anyone.')).toBeVisible();
});

test('a new task in a team’s list belongs to the team, and can be assigned', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { name } = await teamOf(ada, [[bob, 'MEMBER']]);
  const [page, other] = await Promise.all([dashboardOf(ada), dashboardOf(bob)]);

  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByRole('combobox', { name: 'Show' }).selectOption(name);
  const newTask = page.getByRole('textbox', { name: 'New task' });
  await expect(newTask).toHaveAttribute('placeholder', `Add a task to ${name}…`);
  await page.getByRole('button', { name: 'Details' }).click();
  await newTask.fill('Order paper');
  await page.getByRole('form', { name: 'New task' }).getByLabel('Assignee').selectOption('Bob');
  await newTask.press('Enter');
  await expect(row(page, 'Order paper')).toContainText(/Order paper\s+Assigned to\s+Bob/);
  await expect(row(other, 'Order paper')).toContainText(
    new RegExp(`${name}\\s+From Ada\\s+Assigned to\\s+you`),
  );

  await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
  const editor = page.getByRole('dialog', { name: 'Edit task' });
  await expect(editor.getByLabel('Assignee')).toHaveValue(bob.id);
  await editor.getByLabel('Team').selectOption('No team');
  await editor.getByRole('button', { name: 'Save changes' }).click();
  await expect(editor).toBeHidden();
  await expect(row(other, 'Order paper')).toHaveCount(0);
});

test('[BR-04] the team is read-only without the right to move the task', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { id: teamId, name } = await teamOf(ada, [[bob, 'MEMBER']]);
  await ada.createTask('Order paper', { teamId, assigneeId: bob.id });
  const page = await dashboardOf(bob);
  await page.goto('/?source=all');
  await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
  const editor = page.getByRole('dialog', { name: 'Edit task' });
  await expect(editor.getByLabel('Team')).toBeDisabled();
  await expect(editor.getByLabel('Team')).toHaveValue(teamId);
  await editor.getByLabel('Assignee').selectOption('Ada');
  await editor.getByRole('button', { name: 'Save changes' }).click();
  await expect(row(page, 'Order paper')).toContainText(
    new RegExp(`${name}\\s+From Ada\\s+Assigned to\\s+Ada`),
  );
  await expect(page.getByRole('button', { name: 'Edit “Order paper”' })).toHaveCount(0);
});

test('moving a task into a team offers to review its shares with people outside (SHARE-MOVE)', async () => {
  const { ada, bob, eve } = await people('Ada', 'Bob', 'Eve');
  const { name } = await teamOf(ada, [[bob, 'MEMBER']]);
  const task = await ada.createTask('Plan the party');
  for (const person of [bob, eve]) await giveShare(ada, person, task);
  const page = await dashboardOf(ada);
  await page.getByRole('button', { name: 'Edit “Plan the party”' }).click();
  const editor = page.getByRole('dialog', { name: 'Edit task' });
  await editor.getByLabel('Team').selectOption(name);
  await editor.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByText('Still shared with 1 person outside the team')).toBeVisible();
  await page.getByRole('button', { name: 'Review shares' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share “Plan the party”' });
  await dialog.getByRole('button', { name: 'Stop sharing with Eve' }).click();
  await expect(dialog.getByRole('listitem').filter({ hasText: 'Eve' })).toHaveCount(0);
});
