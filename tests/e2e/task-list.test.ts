import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { giveShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard, signIn, visit } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const titles = ['Order paper', 'Call the printer', 'Send the invoice', 'Book a room', 'Water the plants'];

/** Tasks in the order of the list. */
async function withTasks(
  teamId?: string,
  owner?: Person,
): Promise<{ ada: Person; ids: string[]; page: Page }> {
  const ada = owner ?? (await people('Ada')).ada;
  const ids: string[] = [];
  for (const [place, title] of titles.entries()) {
    const dueOn = new Date(Date.UTC(2027, 0, 1 + place)).toISOString().slice(0, 10);
    ids.push(await ada.createTask(title, { dueOn, ...(teamId === undefined ? {} : { teamId }) }));
  }
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  await expect(row(page, 'Water the plants')).toBeVisible();
  return { ada, ids, page };
}

const row = (page: Page, title: string) =>
  page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem').filter({ hasText: title });
const bar = (page: Page) => page.getByRole('toolbar', { name: 'Selected tasks' });
const selected = (page: Page) =>
  page.getByRole('region', { name: 'Your tasks' }).getByRole('button', { pressed: true, name: /^Select/ });
const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};

async function tasksOf(person: Person): Promise<Record<string, unknown>[]> {
  const { tasks } = await person.query<{ tasks: { nodes: Record<string, unknown>[] } }>(
    `{ tasks(first: 50, orderBy: { field: POSITION, direction: ASC }) {
      nodes { title status priority labels assignee { name } } } }`,
  );
  return tasks.nodes;
}

describe('selecting many tasks', () => {
  test('by keys, with one change and one undo for all', async () => {
    const { ada, page } = await withTasks();
    await press(page, 'j', 'x');
    await expect(bar(page)).toContainText('1 selected');
    await press(page, 'Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowUp');
    await expect(bar(page)).toContainText('3 selected');
    await expect(row(page, 'Send the invoice').getByRole('checkbox')).toBeFocused();
    await expectAccessible(page);
    await press(page, 'p');
    await expect(page.getByRole('dialog', { name: 'Priority of 3 tasks' })).toBeVisible();
    await press(page, '3');
    await expect(page.getByText('3 tasks: Priority High')).toBeVisible();
    expect((await tasksOf(ada)).map(({ priority }) => priority)).toEqual([
      'HIGH',
      'HIGH',
      'HIGH',
      'NONE',
      'NONE',
    ]);
    await press(page, 'Escape');
    await expect(bar(page)).toBeHidden();
    await press(page, 'Control+z');
    await expect(page.getByText('3 tasks are as before')).toBeVisible();
    expect((await tasksOf(ada)).every(({ priority }) => priority === 'NONE')).toBe(true);

    await press(page, 'Control+a');
    await expect(bar(page)).toContainText('5 selected');
    await bar(page).getByRole('button', { name: 'Labels' }).click();
    await page.keyboard.type('office');
    await press(page, 'Enter', 'Enter');
    await expect(page.getByText('5 tasks: Labels changed')).toBeVisible();
    await bar(page).getByRole('button', { name: 'Complete' }).click();
    await expect(page.getByText('5 tasks: Completed')).toBeVisible();
    await expect(bar(page)).toBeHidden();
    for (const task of await tasksOf(ada)) expect(task).toMatchObject({ status: 'DONE', labels: ['office'] });
    await press(page, 'Control+z');
    await expect(page.getByText('5 tasks are as before')).toBeVisible();
    for (const task of await tasksOf(ada)) expect(task).toMatchObject({ status: 'TODO', labels: ['office'] });
  });

  test('by the pointer, and says how many others have changed in the meantime', async () => {
    const { ada, ids, page } = await withTasks();
    await row(page, 'Order paper').click({ modifiers: ['Control'], position: { x: 700, y: 10 } });
    await row(page, 'Book a room')
      .getByRole('link')
      .click({ modifiers: ['Shift'] });
    await expect(bar(page)).toContainText('4 selected');
    await row(page, 'Call the printer').click({ position: { x: 700, y: 10 } });
    await expect(bar(page)).toContainText('3 selected');
    await expect(selected(page)).toHaveCount(3);
    await expect(page).toHaveURL('/');

    // The page is told of these changes only after it has sent its own.
    await page.route('**/graphql', async (route) => {
      if ((route.request().postData() ?? '').includes('mutation ChangeTasks')) await change();
      await route.continue();
    });
    let isFirst = true;
    async function change() {
      if (!isFirst) return;
      isFirst = false;
      for (const id of [ids[2], ids[3]])
        await ada.query(`mutation { updateTask(input: { id: "${id ?? ''}", priority: LOW }) { cursor } }`);
    }
    await bar(page).getByRole('button', { name: 'Priority' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Urgent' }).click();
    await expect(
      page.getByText('“Order paper”: Priority Urgent. 2 had changed in the meantime'),
    ).toBeVisible();
    expect((await tasksOf(ada)).map(({ priority }) => priority)).toEqual([
      'URGENT',
      'NONE',
      'LOW',
      'LOW',
      'NONE',
    ]);
  });

  test('assigns, moves, archives and deletes them', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const { page } = await withTasks(undefined, ada);
    await press(page, 'Control+a');
    await bar(page).getByRole('button', { name: 'Team' }).click();
    await page.getByRole('dialog').getByRole('button', { name: team.name }).click();
    await expect(page.getByText(`5 tasks: Team ${team.name}`)).toBeVisible();
    await press(page, 'a');
    await page.getByRole('dialog').getByRole('button', { name: 'Bob' }).click();
    await expect(page.getByText('5 tasks: Assigned to Bob')).toBeVisible();
    for (const task of await tasksOf(ada)) expect(task).toMatchObject({ assignee: { name: 'Bob' } });
    await press(page, 'Escape');
    await row(page, 'Order paper').getByRole('checkbox').focus();
    await press(page, 'x', 'j', 'x');
    await bar(page).getByRole('button', { name: 'Archive' }).click();
    await expect(page.getByText('2 tasks: Archived')).toBeVisible();
    await expect(row(page, 'Order paper')).toHaveCount(0);
    await press(page, 'Control+z');
    await expect(page.getByText('2 tasks are as before')).toBeVisible();
    await expect(row(page, 'Order paper')).toBeVisible();
    await press(page, 'Control+a', 'Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete 5 tasks' }).click();
    await expect(page.getByText('Moved 5 tasks to the trash')).toBeVisible();
    await expect(bar(page)).toBeHidden();
    expect(await tasksOf(ada)).toEqual([]);
    await press(page, 'Control+z');
    await expect(page.getByText('Restored 5 tasks')).toBeVisible();
    expect(await tasksOf(ada)).toHaveLength(5);
  });

  test('leaves out tasks that can only be viewed', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const id = await ada.createTask('Read only');
    await giveShare(ada, bob, id, { permission: 'VIEW' });
    await bob.createTask('Own');
    const page = await openDashboard(browser, world.url, { email: bob.email, password: PASSWORD });
    await page.goto('/?source=all');
    await expect(row(page, 'Read only')).toBeVisible();
    await press(page, 'Control+a', 'd');
    await expect(page.getByRole('dialog', { name: 'Due date of “Own”' })).toBeVisible();
    await press(page, '1');
    await expect(page.getByText(/“Own”: Due date .* 1 can only be viewed/)).toBeVisible();
  });

  test('by press and hold on a phone', async () => {
    const { ada } = await people('Ada');
    for (const title of titles) await ada.createTask(title);
    const page = await visit(browser, world.url, {
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
    });
    await signIn(page, { email: ada.email, password: PASSWORD });
    await expect(row(page, 'Order paper')).toBeVisible();
    await expect(page.locator('[data-connection]')).toHaveText('Live');
    const hold = async (title: string) => {
      const target = row(page, title).getByRole('link');
      const init = { pointerType: 'touch', bubbles: true, isPrimary: true };
      await target.dispatchEvent('pointerdown', init);
      await expect(bar(page)).toBeVisible();
      await target.dispatchEvent('pointerup', init);
      await target.dispatchEvent('click');
    };
    await hold('Order paper');
    await expect(bar(page)).toContainText('1 selected');
    await expect(page).toHaveURL('/');
    await row(page, 'Book a room')
      .getByRole('link')
      .dispatchEvent('pointerdown', { pointerType: 'touch', bubbles: true });
    await row(page, 'Book a room')
      .getByRole('link')
      .dispatchEvent('pointerup', { pointerType: 'touch', bubbles: true });
    await row(page, 'Book a room').getByRole('link').dispatchEvent('click');
    await expect(bar(page)).toContainText('2 selected');
    await bar(page).getByRole('button', { name: 'Clear the selection' }).click();
    await expect(bar(page)).toBeHidden();
  });
});

describe('duplicating a task', () => {
  test('copies its fields, and its subtasks if wanted, and can be undone', async () => {
    const { ada } = await people('Ada');
    const fields = { description: 'Ten reams.', priority: 'HIGH', dueOn: '2027-01-01', labels: ['office'] };
    const id = await ada.createTask('Order paper', fields);
    await ada.createTask('Ask for a quote', { parentId: id });
    const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
    await row(page, 'Ask for a quote').hover();
    await page.getByRole('button', { name: 'Duplicate “Ask for a quote”' }).click();
    await expect(page.getByText('Duplicated “Ask for a quote”')).toBeVisible();
    await row(page, 'Order paper').getByRole('checkbox').focus();
    await press(page, 'Control+k');
    await page.keyboard.type('duplicate');
    await expect(page.getByRole('option', { name: 'Duplicate this task' })).toBeVisible();
    await press(page, 'Enter');
    const dialog = page.getByRole('dialog', { name: 'Duplicate “Order paper”' });
    await dialog.getByRole('button', { name: 'With 2 subtasks' }).click();
    await expect(page.getByText('Duplicated “Order paper” with 2 subtasks')).toBeVisible();
    const read = `{ tasks(first: 20, filter: { title: { contains: "Order paper" } }) {
      nodes { title description priority dueOn labels subtasks(first: 5) { nodes { title } } } } }`;
    const { tasks } = await ada.query<{ tasks: { nodes: unknown[] } }>(read);
    const subtasks = { nodes: [{ title: 'Ask for a quote' }, { title: 'Ask for a quote' }] };
    const expected = { title: 'Order paper', ...fields, subtasks };
    expect(tasks.nodes).toEqual([expected, expected]);
    await press(page, 'Control+z');
    await expect(page.getByText('Removed the duplicate of “Order paper”')).toBeVisible();
    expect(await tasksOf(ada)).toHaveLength(3);

    await page.goto(`/t/${id}`);
    await page.getByRole('button', { name: 'Duplicate', exact: true }).click();
    await page.getByRole('button', { name: 'Without subtasks' }).click();
    await expect(page.getByText('Duplicated “Order paper”')).toBeVisible();
  });
});

describe('the manual order', () => {
  const order = (page: Page) =>
    page
      .getByRole('region', { name: 'Your tasks' })
      .getByRole('listitem')
      .getByRole('link')
      .allTextContents();
  const titlesOf = async (person: Person) => (await tasksOf(person)).map(({ title }) => title);

  test('is changed by keys and by dragging, and undone', async () => {
    const { ada, page } = await withTasks();
    await page.getByRole('combobox', { name: 'Order' }).selectOption('Manual');
    await expect(page).toHaveURL('/?order=manual');
    await row(page, 'Order paper').getByRole('checkbox').focus();
    await press(page, 'Alt+ArrowDown', 'Alt+ArrowDown');
    const moved = ['Call the printer', 'Send the invoice', 'Order paper', 'Book a room', 'Water the plants'];
    await expect.poll(() => order(page)).toEqual(moved);
    await expect(row(page, 'Order paper').getByRole('checkbox')).toBeFocused();
    await expect(page.getByText('Moved “Order paper” to place 3')).toBeVisible();
    await expect.poll(() => titlesOf(ada)).toEqual(moved);

    await row(page, 'Water the plants').hover();
    const handle = row(page, 'Water the plants').locator('[data-handle]');
    const to = await row(page, 'Send the invoice').boundingBox();
    await handle.hover();
    await page.mouse.down();
    await page.mouse.move(to?.x ?? 0, (to?.y ?? 0) + 4, { steps: 5 });
    await page.mouse.up();
    const dragged = [
      'Call the printer',
      'Water the plants',
      'Send the invoice',
      'Order paper',
      'Book a room',
    ];
    await expect.poll(() => order(page)).toEqual(dragged);
    await expect(page.getByText('Moved “Water the plants” to place 2')).toBeVisible();
    await expect.poll(() => titlesOf(ada)).toEqual(dragged);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('Moved “Water the plants” back')).toBeVisible();
    await expect.poll(() => order(page)).toEqual(moved);

    await handle.hover();
    await page.mouse.down();
    await page.mouse.move(to?.x ?? 0, (to?.y ?? 0) + 4, { steps: 5 });
    await press(page, 'Escape');
    await page.mouse.up();
    expect(await order(page)).toEqual(moved);
  });

  test('is changed from the menu of a row on a phone', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Pack', { status: 'IN_PROGRESS' });
    await ada.createTask('Carry');
    const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
    const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD }, phone);
    await page.goto('/?order=manual');
    await expect.poll(() => order(page)).toEqual(['Pack', 'Carry']);
    await expect(row(page, 'Pack').getByText('In progress')).toBeInViewport();
    await page.getByRole('button', { name: 'Actions for “Pack”' }).tap();
    await page.getByRole('button', { name: 'Move down “Pack”' }).tap();
    await expect.poll(() => order(page)).toEqual(['Carry', 'Pack']);
    await expect.poll(() => titlesOf(ada)).toEqual(['Carry', 'Pack']);
    // The message is above the navigation.
    const toast = await page.getByText('Moved “Pack” to place 2').boundingBox();
    const bar = await page.getByRole('navigation', { name: 'Main' }).boundingBox();
    expect((toast?.y ?? 0) + (toast?.height ?? 0)).toBeLessThan(bar?.y ?? 0);
  });

  test('of subtasks is changed on the page of their task', async () => {
    const { ada } = await people('Ada');
    const id = await ada.createTask('Move the office');
    for (const title of ['Pack', 'Carry', 'Unpack']) await ada.createTask(title, { parentId: id });
    const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
    await page.goto(`/t/${id}`);
    const rows = page.getByRole('region', { name: 'Subtasks' }).getByRole('listitem');
    await expect(rows).toHaveText([/Pack/, /Carry/, /Unpack/]);
    await rows.nth(2).getByRole('link').focus();
    await press(page, 'Alt+ArrowUp');
    await expect(rows).toHaveText([/Pack/, /Unpack/, /Carry/]);
    await rows.nth(0).hover();
    const to = await rows.nth(2).boundingBox();
    await rows.nth(0).locator('[data-handle]').hover();
    await page.mouse.down();
    await page.mouse.move(to?.x ?? 0, (to?.y ?? 0) + 30, { steps: 5 });
    await page.mouse.up();
    await expect(rows).toHaveText([/Unpack/, /Carry/, /Pack/]);
    await expect(page.getByText('Moved “Pack” to place 3')).toBeVisible();
    await page.reload();
    await expect(rows).toHaveText([/Unpack/, /Carry/, /Pack/]);
  });
});

describe('a task beside the list', () => {
  const sheet = (page: Page) => page.getByRole('complementary', { name: 'Task' });

  test('has an address, follows j and k, and closes by Back and Escape', async () => {
    const { ids, page } = await withTasks();
    await row(page, 'Order paper').getByRole('link').click();
    await expect(sheet(page).getByLabel('Title')).toHaveValue('Order paper');
    await expect(page).toHaveURL(`/t/${ids[0] ?? ''}`);
    await expect(row(page, 'Water the plants')).toBeVisible();
    await expectAccessible(page);
    await press(page, 'j', 'j');
    await expect(sheet(page).getByLabel('Title')).toHaveValue('Send the invoice');
    await expect(page).toHaveURL(`/t/${ids[2] ?? ''}`);
    await press(page, 'k');
    await expect(sheet(page).getByLabel('Title')).toHaveValue('Call the printer');
    await page.goBack();
    await expect(sheet(page)).toBeHidden();
    await expect(page).toHaveURL('/');
    await expect(row(page, 'Call the printer').getByRole('link')).toBeFocused();

    await press(page, 'Enter');
    await expect(sheet(page).getByLabel('Title')).toHaveValue('Call the printer');
    await press(page, 'Escape');
    await expect(sheet(page)).toBeHidden();
    await expect(row(page, 'Call the printer').getByRole('link')).toBeFocused();

    await press(page, 'Enter');
    await expect(sheet(page)).toBeVisible();
    await page.reload();
    await expect(page.getByLabel('Title')).toHaveValue('Call the printer');
    await expect(sheet(page)).toBeHidden();
    await page.goBack();
    await expect(row(page, 'Order paper')).toBeVisible();
    await page.setViewportSize({ width: 1000, height: 800 });
    await row(page, 'Order paper').getByRole('link').click();
    await expect(page.getByRole('link', { name: 'Your tasks' })).toBeVisible();
  });
});
