import type { Browser, Locator, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { expect, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const { people, url } = await startWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** Forty days from now. */
const LATER = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);

const dashboardOf = ({ email }: Person) => openDashboard(browser, url, { email, password: PASSWORD });

const row = (page: Page, title: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: title });

/** Types into the parts of a date field, in the order of the browser's language. */
async function typeDate(field: Locator, digits: string) {
  await field.focus();
  await field.page().keyboard.type(digits);
}

test('a new task with an invalid date is not added (YEAR-6)', async () => {
  const { ada } = await people('Ada');
  const page = await dashboardOf(ada);
  const form = page.getByRole('form', { name: 'New task' });
  await page.getByRole('button', { name: 'Details' }).click();
  const due = form.getByLabel('Due date');
  const title = page.getByRole('textbox', { name: 'New task' });
  for (const [digits, sentence] of [
    ['11', /incomplete or does not exist/],
    ['01010020', /between 1900 and 2200/],
  ] as const) {
    await title.fill('Pay the rent');
    await due.fill('');
    await typeDate(due, digits);
    await title.press('Enter');
    await expect(form.getByRole('alert')).toHaveText(sentence);
    await expect(due).toHaveAccessibleDescription(sentence);
    await expect(row(page, 'Pay the rent')).toHaveCount(0);
  }
  await due.fill(LATER);
  await title.press('Enter');
  await expect(row(page, 'Pay the rent').locator('time')).toHaveAttribute('datetime', LATER);
});

test('an edit with an invalid date is not saved (YEAR-6)', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Pay the rent');
  const page = await dashboardOf(ada);
  await page.getByRole('button', { name: 'Edit “Pay the rent”' }).click();
  const editor = page.getByRole('dialog', { name: 'Edit task' });
  await typeDate(editor.getByLabel('Due date'), '11');
  await editor.getByRole('button', { name: 'Save changes' }).click();
  await expect(editor.getByRole('alert')).toHaveText(/incomplete or does not exist/);
  await editor.getByLabel('Due date').fill(LATER);
  await editor.getByRole('button', { name: 'Save changes' }).click();
  await expect(row(page, 'Pay the rent').locator('time')).toHaveAttribute('datetime', LATER);
});

test('a pasted title that is too long is kept, and the form says by how much (UTF16-LIMITS)', async () => {
  const { ada } = await people('Ada');
  const page = await dashboardOf(ada);
  const title = page.getByRole('textbox', { name: 'New task' });
  await title.fill('🚀'.repeat(203));
  await expect(title).toHaveAccessibleDescription('The title is 3 characters too long; the limit is 200.');
  await expect(title).toHaveValue('🚀'.repeat(203));
  await title.fill('🚀'.repeat(200));
  await title.press('Enter');
  await expect(row(page, '🚀'.repeat(200))).toBeVisible();
});
