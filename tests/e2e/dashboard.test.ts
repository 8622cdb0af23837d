import { randomUUID } from 'node:crypto';
import type { Browser } from '@playwright/test';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { freshDatabase } from '../kit/database.ts';
import { startTestServer, type TestServer } from '../kit/server.ts';
import {
  addTask,
  expect,
  expectStatistics,
  show,
  signIn,
  signOut,
  signUp,
  visit,
  type Account,
} from '../kit/visitor.ts';

const databaseUrl = await freshDatabase();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([startTestServer(databaseUrl), launchBrowser()]);
  return async () => {
    await browser.close();
  };
});

afterAll(() => server.stop());

function newAccount(name: string): Account {
  return {
    name,
    email: `${name.toLowerCase()}.${randomUUID().slice(0, 8)}@example.com`,
    password: 'correct horse battery',
  };
}

async function newcomer(name: string) {
  const account = newAccount(name);
  const page = await visit(browser, server.url);
  await signUp(page, account);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  return { account, page };
}

describe('a day at the dashboard', () => {
  test('[FR-010] [T066] [FR-016] a person adds five tasks, completes two and reads 5 / 3 / 2 / 0, also after signing in again', async () => {
    const { account, page } = await newcomer('Ada');
    await expectStatistics(page, { total: 0, pending: 0, completed: 0, shared: 0 });

    for (const title of [
      'Order paper',
      'Call the printer',
      'Send the invoice',
      'Book a room',
      'Water the plants',
    ]) {
      await addTask(page, title);
    }
    await page.getByRole('checkbox', { name: 'Complete “Call the printer”' }).click();
    await page.getByRole('checkbox', { name: 'Complete “Book a room”' }).click();
    await expectStatistics(page, { total: 5, pending: 3, completed: 2, shared: 0 });
    await page.getByRole('button', { name: 'Insights' }).click();
    await expect(page.getByRole('row', { name: /^Completed/ })).toHaveText(/^Completed\s*2\s*2$/);

    await signOut(page);
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

    await signIn(page, account);
    await expectStatistics(page, { total: 5, pending: 3, completed: 2, shared: 0 });
    await page.reload();
    await expectStatistics(page, { total: 5, pending: 3, completed: 2, shared: 0 });
  });

  test('[T066] a completed task that is reopened is pending again', async () => {
    const { page } = await newcomer('Bob');
    await addTask(page, 'Order paper');
    await page.getByRole('checkbox', { name: 'Complete “Order paper”' }).click();
    await expectStatistics(page, { total: 1, pending: 0, completed: 1, shared: 0 });

    await show(page, 'Completed');
    await page.getByRole('checkbox', { name: 'Reopen “Order paper”' }).click();
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 0 });
    await show(page, 'Open');
    await expect(page.getByRole('checkbox', { name: 'Complete “Order paper”' })).not.toBeChecked();
  });

  test('[T066] an edited task keeps its new title, and a deleted one is gone', async () => {
    const { page } = await newcomer('Cleo');
    await addTask(page, 'Order paper');
    await addTask(page, 'Water the plants');

    await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
    const editor = page.getByRole('dialog', { name: 'Edit task' });
    await editor.getByLabel('Title').fill('Order recycled paper');
    await editor.getByLabel('Priority').selectOption('High');
    await editor.getByRole('button', { name: 'Save changes' }).click();
    await expect(editor).toBeHidden();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Order recycled paper' }),
    ).toContainText('High');

    await page.getByRole('button', { name: 'Delete “Water the plants”' }).click();
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 0 });

    await page.reload();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Order recycled paper' }),
    ).toBeVisible();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Water the plants' }),
    ).toHaveCount(0);
  });

  test('[BR-09] an edit conflict shows the other change, and both can be kept', async () => {
    const { account, page } = await newcomer('Hal');
    await addTask(page, 'Order paper');
    // As small as a phone: the editor is longer than the screen.
    await page.setViewportSize({ width: 360, height: 560 });
    await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
    const editor = page.getByRole('dialog', { name: 'Edit task' });
    await editor.getByLabel('Priority').selectOption('High');

    const elsewhere = await visit(browser, server.url);
    await signIn(elsewhere, account);
    await elsewhere.getByRole('button', { name: 'Edit “Order paper”' }).click();
    await elsewhere.getByRole('dialog').getByLabel('Title').fill('Order recycled paper');
    await elsewhere.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click();
    await expect(elsewhere.getByRole('dialog')).toBeHidden();

    await editor.getByRole('button', { name: 'Save changes' }).click();
    await expect(editor.getByRole('alert')).toContainText('The title is now “Order recycled paper”.');
    await expect(editor.getByText('The title is now')).toBeInViewport();
    await editor.getByRole('button', { name: 'Keep my changes' }).click();
    await expect(editor.getByRole('button', { name: 'Save changes' })).toBeFocused();
    await editor.getByRole('button', { name: 'Save changes' }).click();
    await expect(editor).toBeHidden();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Order recycled paper' }),
    ).toContainText('High');
  });

  test('closing an unsaved edit shows a warning, also on a phone', async () => {
    const { page } = await newcomer('Ivo');
    await addTask(page, 'Order paper');
    await page.setViewportSize({ width: 360, height: 560 });
    await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
    const editor = page.getByRole('dialog', { name: 'Edit task' });
    await editor.getByLabel('Title').fill('Order recycled paper');
    await editor.getByRole('button', { name: 'Close' }).click();
    await expect(editor.getByRole('button', { name: 'Discard' })).toBeInViewport();
  });

  test('[FR-009] a task is not visible to other people', async () => {
    const { page: ada } = await newcomer('Ada');
    await addTask(ada, 'Plan the surprise party');

    const { page: bob } = await newcomer('Bob');
    await expectStatistics(bob, { total: 0, pending: 0, completed: 0, shared: 0 });
    await expect(bob.getByText('Plan the surprise party')).toHaveCount(0);
  });
});

describe('by keys', () => {
  test('undo reopens a completed task, and returns the focus', async () => {
    const { page } = await newcomer('Jo');
    for (const title of ['Order paper', 'Call the printer']) await addTask(page, title);
    const box = page.getByRole('checkbox', { name: 'Complete “Order paper”' });
    await box.focus();
    await page.keyboard.press('Space');
    await expect(page.getByText('Completed “Order paper”')).toBeVisible();
    await page.keyboard.press('u');
    await expect(box).not.toBeChecked();
    await expect(page.getByText('Completed “Order paper”')).toBeHidden();

    await box.focus();
    await page.keyboard.press('Space');
    const order = page.getByRole('combobox', { name: 'Order' });
    await order.focus();
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await expect(order).toBeFocused();
    await expect(box).not.toBeChecked();
  });
});

describe('errors in the dashboard', () => {
  test('[FR-019] [T066] a wrong password is refused, and the right one still gets in', async () => {
    const { account, page } = await newcomer('Dora');
    await signOut(page);

    await signIn(page, { email: account.email, password: 'not the password' });
    await expect(page.getByRole('alert')).toContainText('The email address or the password is wrong.');
    await page.getByLabel('Password', { exact: true }).fill(account.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Dora');
  });

  test('a taken email address shows an error at its field, and another one works', async () => {
    const { account } = await newcomer('Emil');
    const page = await visit(browser, server.url);

    await signUp(page, { ...account, name: 'Emilia' });
    await expect(page.getByRole('alert')).toContainText('already has an account');
    await expect(page.getByLabel('Email')).toHaveAccessibleDescription(/already has an account/);
    await page.getByLabel('Email').fill(newAccount('Emilia').email);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Emilia');
  });

  test('[FR-019] a task without a title is not added, and the field shows an error', async () => {
    const { page } = await newcomer('Finn');
    await page.getByRole('textbox', { name: 'New task' }).fill('   ');
    await page.getByRole('button', { name: 'Add task' }).click();

    const title = page.getByRole('textbox', { name: 'New task' });
    await expect(page.getByRole('alert')).toContainText('Enter a title first.');
    await expect(title).toHaveAccessibleDescription(/Enter a title first/);
    await expect(title).toBeFocused();
    await expectStatistics(page, { total: 0, pending: 0, completed: 0, shared: 0 });
    await addTask(page, 'Order paper');
  });

  test('[FR-019] drafts survive the end of a session, but not sign-out', async () => {
    const { account, page } = await newcomer('Ida');
    await addTask(page, 'Order paper');
    const newTask = page.getByRole('textbox', { name: 'New task' });
    const editor = page.getByRole('dialog', { name: 'Edit task' });
    const elsewhere = await page.context().newPage();
    const endSession = async () => {
      await elsewhere.goto('/');
      await signOut(elsewhere);
      await expect(page.getByText('Your session has expired.')).toBeVisible();
      await signIn(page, account);
    };

    await newTask.fill('Call the printer');
    await endSession();
    await expect(newTask).toHaveValue('Call the printer');
    await page.getByRole('button', { name: 'Add task' }).click();
    await expect(newTask).toHaveValue('');

    await page.getByRole('button', { name: 'Edit “Order paper”' }).click();
    await editor.getByLabel('Title').fill('Order recycled paper');
    await endSession();
    await expect(editor.getByText('We restored your unsaved changes.')).toBeVisible();
    await editor.getByRole('button', { name: 'Save changes' }).click();
    await expect(editor).toBeHidden();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Order recycled paper' }),
    ).toBeVisible();
    await page.reload();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Order recycled paper' }),
    ).toBeVisible();
    await expect(editor).toBeHidden();

    await newTask.fill('A secret');
    await signOut(page);
    await expect(page.getByText('You’ve signed out.')).toBeVisible();
    await signIn(page, account);
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Call the printer' }),
    ).toBeVisible();
    await expect(newTask).toHaveValue('');
  });

  test('[FR-019] typed text survives an outage of the server', async () => {
    const { page } = await newcomer('Gus');
    await addTask(page, 'Order paper');

    await server.stop();
    await page.getByRole('textbox', { name: 'New task' }).fill('Call the printer');
    await page.getByRole('button', { name: 'Add task' }).click();
    await expect(page.getByText('Can’t reach Taskwire.').first()).toBeVisible();
    await expect(page.getByText('Kept in this browser until the server can be reached.')).toBeVisible();

    server = await startTestServer(databaseUrl, { PORT: new URL(server.url).port });
    await page.getByRole('button', { name: 'Try now' }).click();
    await expect(page.getByRole('button', { name: 'Try now' })).toHaveCount(0);
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Call the printer' }),
    ).toBeVisible();
    await expectStatistics(page, { total: 2, pending: 2, completed: 0, shared: 0 });
  });
});
