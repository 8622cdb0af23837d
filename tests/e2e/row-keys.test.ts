import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { giveShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard, signIn } from '../kit/visitor.ts';
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
const box = (page: Page, title: string) =>
  page.getByRole('checkbox', { name: new RegExp(`^(Complete|Reopen) “${title}”$`) });
const row = (page: Page, title: string) =>
  page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem').filter({ hasText: title });
const link = (page: Page, title: string) => row(page, title).getByRole('link', { name: title });
const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const taskOf = async (person: Person, id: string) => {
  const query = `{ task(id: "${id}") { status priority dueOn labels assignee { name } } }`;
  return (await person.query<{ task: Record<string, unknown> }>(query)).task;
};

/** Tasks in the order of the list. */
async function withTasks(): Promise<{ ada: Person; ids: string[]; page: Page }> {
  const { ada } = await people('Ada');
  const ids: string[] = [];
  for (const [place, title] of ['Order paper', 'Call the printer', 'Send the invoice'].entries()) {
    const dueOn = new Date(Date.now() + (20 + place) * DAY_MS).toISOString().slice(0, 10);
    ids.push(await ada.createTask(title, { dueOn }));
  }
  return { ada, ids, page: await dashboardOf(ada) };
}

describe('the list by keys', () => {
  test('is one stop of the Tab key, and arrows move in it', async () => {
    const { page } = await withTasks();
    await press(page, 'j');
    await expect(box(page, 'Order paper')).toBeFocused();
    await press(page, 'j');
    await expect(box(page, 'Call the printer')).toBeFocused();
    await press(page, 'ArrowDown', 'ArrowDown');
    await expect(box(page, 'Send the invoice')).toBeFocused();
    await press(page, 'k', 'ArrowRight');
    await expect(link(page, 'Call the printer')).toBeFocused();
    await press(page, 'Home');
    await expect(link(page, 'Order paper')).toBeFocused();
    await press(page, 'ArrowRight');
    await expect(page.getByRole('button', { name: 'Edit “Order paper”' })).toBeFocused();
    await press(page, 'End');
    await expect(page.getByRole('button', { name: 'Edit “Send the invoice”' })).toBeFocused();
    await press(page, 'ArrowLeft', 'ArrowLeft', 'ArrowLeft');
    await expect(box(page, 'Send the invoice')).toBeFocused();
    await expectAccessible(page);

    await press(page, 'Shift+Tab');
    await expect(row(page, 'Send the invoice').locator(':focus')).toHaveCount(0);
    await press(page, 'Tab');
    await expect(box(page, 'Send the invoice')).toBeFocused();
    await press(page, 'Tab');
    await expect(page.getByRole('listitem').locator(':focus')).toHaveCount(0);
  });

  test('opens, edits, completes and deletes the focused task', async () => {
    const { page } = await withTasks();
    await press(page, 'j', 'j', 'Enter');
    await expect(page.getByText('You created the task')).toBeVisible();
    await page.goBack();
    await expect(link(page, 'Call the printer')).toBeFocused();
    await press(page, 'e');
    const editor = page.getByRole('dialog', { name: 'Edit task' });
    await expect(editor.getByLabel('Title')).toHaveValue('Call the printer');
    await press(page, 'Escape');
    await expect(link(page, 'Call the printer')).toBeFocused();
    await press(page, 'Space');
    await expect(page.getByText('Completed “Call the printer”')).toBeVisible();
    await expect(row(page, 'Call the printer')).toHaveCount(0);
    await expect(box(page, 'Send the invoice')).toBeFocused();
    await press(page, 'Delete');
    await expect(row(page, 'Send the invoice')).toHaveCount(0);
    await expect(row(page, 'Order paper').locator(':focus')).toHaveCount(1);
  });

  test('sets due date, priority, assignee and labels, and undoes each with Ctrl+Z', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const id = await ada.createTask('Order paper', { teamId: team.id });
    await ada.createTask('Call the printer');
    const page = await dashboardOf(ada);
    await expect(row(page, 'Order paper')).toBeVisible();
    await box(page, 'Order paper').focus();
    const dialog = page.getByRole('dialog');

    await press(page, 'p');
    await expect(dialog.getByRole('button', { name: 'None' })).toBeFocused();
    await expectAccessible(page);
    await press(page, '3');
    await expect(page.getByText('“Order paper”: Priority High')).toBeVisible();
    await expect(box(page, 'Order paper')).toBeFocused();
    await press(page, 'd', '2');
    await expect(row(page, 'Order paper')).toContainText('Due tomorrow');
    await expect(box(page, 'Order paper')).toBeFocused();
    await press(page, 'a');
    await expect(dialog.getByRole('button', { name: 'Bob' })).toBeVisible();
    await dialog.getByRole('button', { name: 'Bob' }).focus();
    await press(page, 'Enter');
    await expect(row(page, 'Order paper')).toContainText('Bob');
    await expect(box(page, 'Order paper')).toBeFocused();
    await press(page, 'l');
    await expect(dialog.getByRole('textbox', { name: 'Add a label' })).toBeFocused();
    await page.keyboard.type('office');
    await press(page, 'Enter');
    await expect(dialog.getByRole('checkbox', { name: 'office' })).toBeChecked();
    await press(page, 'Enter');
    await expect(page.getByText('“Order paper”: Labels changed')).toBeVisible();
    const today = new Date().toISOString().slice(0, 10);
    const tomorrow = new Date(Date.parse(today) + DAY_MS).toISOString().slice(0, 10);
    expect(await taskOf(ada, id)).toEqual({
      status: 'TODO',
      priority: 'HIGH',
      dueOn: tomorrow,
      labels: ['office'],
      assignee: { name: 'Bob' },
    });

    for (let step = 0; step < 4; step += 1) {
      await press(page, 'Control+z');
      await expect(page.getByText('“Order paper” is as before')).toBeVisible();
      await page.getByRole('button', { name: 'Dismiss' }).click();
    }
    expect(await taskOf(ada, id)).toEqual({
      status: 'TODO',
      priority: 'NONE',
      dueOn: null,
      labels: [],
      assignee: null,
    });
    await press(page, 'Control+z');
    await expect(page.getByText('Nothing to undo')).toBeVisible();
  });

  test('does not undo over a change by someone else, and says so', async () => {
    const { ada, ids, page } = await withTasks();
    await box(page, 'Order paper').focus();
    await press(page, 'p');
    await expect(page.getByRole('dialog', { name: 'Priority of “Order paper”' })).toBeVisible();
    await press(page, '3');
    await expect(page.getByText('“Order paper”: Priority High')).toBeVisible();
    const id = ids[0] ?? '';
    await ada.query(`mutation { updateTask(input: { id: "${id}", priority: LOW }) { cursor } }`);
    await press(page, 'Control+z');
    await expect(page.getByText('“Order paper” has been changed by someone else since.')).toBeVisible();
    expect(await taskOf(ada, id)).toMatchObject({ priority: 'LOW' });
  });

  test('edits and archives on the page of a task are undone, also later from the list', async () => {
    const { ada, ids, page } = await withTasks();
    const id = ids[0] ?? '';
    await page.goto(`/t/${id}`);
    await page.getByLabel('Priority').selectOption('High');
    await expect(page.getByText('Saved')).toBeVisible();
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await expect(page.getByText('Archived “Order paper”')).toBeVisible();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'My work' }).click();
    await expect(row(page, 'Call the printer')).toBeVisible();
    await expect(row(page, 'Order paper')).toHaveCount(0);
    await press(page, 'Control+z');
    await expect(page.getByText('Restored “Order paper”')).toBeVisible();
    await expect(row(page, 'Order paper')).toBeVisible();
    await press(page, 'Control+z');
    await expect(page.getByText('“Order paper” is as before')).toBeVisible();
    expect(await taskOf(ada, id)).toMatchObject({ priority: 'NONE' });
  });

  test('says that a task can only be viewed', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const id = await ada.createTask('Order paper');
    await giveShare(ada, bob, id, { permission: 'VIEW' });
    const page = await dashboardOf(bob);
    await page.goto('/?source=shared');
    await link(page, 'Order paper').focus();
    await press(page, 'p');
    await expect(page.getByText('You can view “Order paper”, but not change it.')).toBeVisible();
  });
});

describe('completing with grace', () => {
  test('a completed task stays in its place for a while, and a second click does not hit the next', async () => {
    const { ada, ids, page } = await withTasks();
    const place = async (title: string) => (await row(page, title).boundingBox())?.y;
    const [first, second] = [await place('Order paper'), await place('Call the printer')];
    await box(page, 'Order paper').dblclick();
    await expect(page.getByText('Completed “Order paper”')).toBeVisible();
    await expect(box(page, 'Order paper')).toBeChecked();
    await expect(link(page, 'Order paper')).toHaveCSS('text-decoration-line', 'line-through');
    await expect(page.locator('[data-statistic="completed"]')).toContainText('1');
    expect([await place('Order paper'), await place('Call the printer')]).toEqual([first, second]);
    await box(page, 'Send the invoice').click();
    await expect(page.getByText('Completed “Send the invoice”')).toBeVisible();
    await expect(row(page, 'Order paper')).toBeVisible();
    await expect(row(page, 'Order paper')).toHaveCount(0);
    await expect(row(page, 'Send the invoice')).toHaveCount(0);
    await expect(row(page, 'Call the printer')).toBeVisible();

    await press(page, 'Control+z');
    await expect(page.getByText('“Send the invoice” is open again')).toBeVisible();
    await press(page, 'Control+z');
    await expect(row(page, 'Order paper')).toBeVisible();
    for (const id of ids) expect(await taskOf(ada, id)).toMatchObject({ status: 'TODO' });
  });
});

test('[T066] a person’s whole day works without a pointer', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const page = await dashboardOf(ada);
  await press(page, 'n');
  for (const title of [
    'Order paper',
    'Call the printer',
    'Send the invoice',
    'Book a room',
    'Water plants',
  ]) {
    await page.keyboard.type(title);
    await press(page, 'Enter');
    await expect(row(page, title)).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'New task' })).toHaveValue('');
  }
  // Out of the field, which keeps its letters.
  await press(page, 'Tab', 'Tab');
  await press(page, 'j');
  await expect(page.getByRole('listitem').locator(':focus')).toHaveCount(1);
  await press(page, 'd');
  await expect(page.getByRole('dialog')).toBeVisible();
  await press(page, '1');
  await expect(page.getByRole('heading', { name: 'Today' })).toBeVisible();
  await press(page, 'Space');
  await expect(page.locator('[data-statistic="completed"]')).toContainText('1');
  await press(page, 'j', 'Space');
  await expect(page.locator('[data-statistic="completed"]')).toContainText('2');
  await expect(page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem')).toHaveCount(3);

  await press(page, 'Enter');
  await expect(page.getByText('You created the task')).toBeVisible();
  await press(page, 'c');
  await page.keyboard.type('By Friday');
  await press(page, 'Control+Enter');
  await expect(page.getByRole('main').getByRole('listitem').filter({ hasText: 'By Friday' })).toBeVisible();

  await press(page, 'Control+k');
  await page.keyboard.type('history');
  await expect(page.getByRole('option', { name: 'Go to History' })).toBeVisible();
  await press(page, 'Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'History' })).toBeVisible();
  await press(page, 'Control+k');
  await page.keyboard.type('sign out');
  await expect(page.getByRole('option', { name: 'Sign out' })).toBeVisible();
  await press(page, 'Enter');
  await expect(page.getByText('You’ve signed out.')).toBeVisible();

  // The next person on this browser does not undo it.
  await signIn(page, { email: bob.email, password: PASSWORD });
  await expect(page.getByText('Create your first task').last()).toBeVisible();
  await press(page, 'Control+z');
  await expect(page.getByText('Nothing to undo')).toBeVisible();
});
