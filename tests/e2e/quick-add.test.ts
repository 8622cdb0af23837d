import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const DAY_MS = 86_400_000;

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const dashboardOf = ({ email }: Person) => openDashboard(browser, world.url, { email, password: PASSWORD });
const field = (page: Page) => page.getByRole('textbox', { name: 'New task' });
const chips = (page: Page) => page.getByRole('list', { name: 'Recognized' }).getByRole('listitem');
const suggestions = (page: Page) => page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
const daysFromNow = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

interface Listed {
  title: string;
  dueOn: string | null;
  priority: string;
  status: string;
  labels: string[];
  assignee: { name: string } | null;
}

async function tasksOf(person: Person): Promise<Listed[]> {
  const { tasks } = await person.query<{ tasks: { nodes: Listed[] } }>(
    `{ tasks(first: 100, orderBy: { field: POSITION, direction: ASC }) {
      nodes { title dueOn priority status labels assignee { name } } } }`,
  );
  return tasks.nodes;
}

describe('typing a task in one line', () => {
  test('shows date, priority, label and assignee as chips, and adds the task with them', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    await ada.createTask('Sweep', { teamId: team.id, labels: ['home', 'to the garden'] });
    const page = await dashboardOf(ada);
    await page.goto(`/?source=${team.id}`);
    await field(page).click();
    await page.keyboard.type('Call the printer tomorrow !high #ho');
    await expect(chips(page)).toHaveText(['Due tomorrow', 'Priority High', 'ho']);
    await expect(suggestions(page)).toHaveText(['home']);
    await page.keyboard.press('Enter');
    await expect(field(page)).toHaveValue('Call the printer tomorrow !high #home ');
    await page.keyboard.type('@b');
    await expect(suggestions(page)).toHaveText(['Bob']);
    await expect(field(page)).toHaveAttribute('aria-activedescendant', /-0$/);
    await page.keyboard.press('Tab');
    await expect(chips(page)).toHaveText(['Due tomorrow', 'Priority High', 'home', 'Bob']);
    await expectAccessible(page);
    await page.keyboard.press('Enter');
    await expect(page.getByText('Added “Call the printer”')).toBeVisible();
    await expect(field(page)).toHaveValue('');
    await expect(chips(page)).toHaveCount(0);
    expect(await tasksOf(ada)).toContainEqual({
      title: 'Call the printer',
      dueOn: daysFromNow(1),
      priority: 'HIGH',
      status: 'TODO',
      labels: ['home'],
      assignee: { name: 'Bob' },
    });
  });

  test('keeps in the title what the person takes back, quotes or escapes', async () => {
    const { ada } = await people('Ada');
    const page = await dashboardOf(ada);
    await field(page).fill('Sing Tomorrow never knows #music');
    await expect(chips(page)).toHaveText(['Due tomorrow', 'music']);
    await page.getByRole('button', { name: 'keep “Tomorrow” in the title' }).click();
    await expect(chips(page)).toHaveText(['music']);
    await expect(field(page)).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Added “Sing Tomorrow never knows”')).toBeVisible();
    await field(page).fill(String.raw`Sort \#home and "next Friday" übermorgen`);
    await expect(chips(page)).toHaveCount(1);
    await page.keyboard.press('Enter');
    await expect(page.getByText('Added “Sort #home and "next Friday"”')).toBeVisible();
    expect(await tasksOf(ada)).toMatchObject([
      { title: 'Sing Tomorrow never knows', dueOn: null, labels: ['music'] },
      { title: 'Sort #home and "next Friday"', dueOn: daysFromNow(2), labels: [] },
    ]);
    await field(page).fill('!high #home');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Enter a title first.')).toBeVisible();
  });
});

describe('pasting a list', () => {
  const paste = (page: Page, text: string) =>
    field(page).evaluate((input, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', text);
      input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);

  test('makes a task of each line, and undoes all at once', async () => {
    const { ada } = await people('Ada');
    const page = await dashboardOf(ada);
    await paste(page, '- [ ] Order paper\n- [x] Call the printer\n\n3. Send the invoice');
    const offer = page.getByRole('group', { name: 'Pasted lines' });
    await expect(offer.getByRole('button', { name: 'Add 3 tasks' })).toBeFocused();
    await expectAccessible(page);
    await page.keyboard.press('Enter');
    await expect(page.getByText('Added 3 tasks')).toBeVisible();
    await expect(offer).toBeHidden();
    await expect(field(page)).toBeFocused();
    expect(await tasksOf(ada)).toMatchObject([
      { title: 'Order paper', status: 'TODO' },
      { title: 'Call the printer', status: 'DONE' },
      { title: 'Send the invoice', status: 'TODO' },
    ]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('Removed 3 tasks')).toBeVisible();
    expect(await tasksOf(ada)).toEqual([]);
  });

  test('or one line, and one line is pasted as it is', async () => {
    const { ada } = await people('Ada');
    const page = await dashboardOf(ada);
    await paste(page, 'Order paper\nand ink\n');
    await page.getByRole('button', { name: 'Paste as one line' }).click();
    await expect(field(page)).toHaveValue('Order paper and ink');
    await expect(page.getByRole('group', { name: 'Pasted lines' })).toBeHidden();
    await paste(page, 'pens\n');
    await paste(page, 'a\nb');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('group', { name: 'Pasted lines' })).toBeHidden();
    await expect(field(page)).toBeFocused();
  });

  test('adds more than fit in one request, and names the line of an error', async () => {
    const { ada } = await people('Ada');
    const page = await dashboardOf(ada);
    const lines = Array.from({ length: 520 }, (_, place) => `Task ${String(place + 1)}`);
    lines[509] = 'Bell \u0007';
    lines[510] = 'x'.repeat(201);
    await paste(page, lines.join('\n'));
    const offer = page.getByRole('group', { name: 'Pasted lines' });
    await expect(offer).toContainText('1 line is longer than a title can be, and is left out: 511');
    await offer.getByRole('button', { name: 'Add 519 tasks' }).click();
    await expect(offer.getByRole('alert')).toContainText('Line 510 is left out:');
    await expect(offer.getByRole('button', { name: 'Add 18 tasks' })).toBeVisible();
    await expect(page.getByText('Added 500 tasks')).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('Removed 500 tasks')).toBeVisible();
    expect(await tasksOf(ada)).toEqual([]);
  });
});
