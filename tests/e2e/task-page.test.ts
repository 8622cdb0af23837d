import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { giveShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const dashboardOf = ({ email }: Person) => openDashboard(browser, world.url, { email, password: PASSWORD });

/** The page of a task in this person's own browser. */
async function openTask(person: Person, title: string): Promise<Page> {
  const page = await dashboardOf(person);
  await page.goto('/?source=all');
  // A click would open it beside the list.
  await page.goto((await page.getByRole('link', { name: title }).getAttribute('href')) ?? '');
  await expect(page.getByText('created the task')).toBeVisible();
  return page;
}

const comment = (person: Person, taskId: string, body: string) =>
  person.query('mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } } }', {
    input: { taskId, body },
  });

const update = (person: Person, id: string, changes: object) =>
  person.query('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { task { id } } }', {
    input: { id, ...changes },
  });

const read = async (person: Person, id: string) => {
  const { task } = await person.query<{ task: Record<string, unknown> }>(
    'query ($id: ID!) { task(id: $id) { title description status priority labels parent { title } } }',
    { id },
  );
  return task;
};

/** The end of a text field, where a person goes on typing. */
async function typeAtEnd(page: Page, text: string) {
  await page.keyboard.press('Control+End');
  await page.keyboard.type(text);
}

test('a person who comes back to a task sees where the news begins', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId } = await teamOf(ada, [[bob, 'MEMBER']]);
  const id = await ada.createTask('Plan the party', { teamId });
  await comment(bob, id, 'I bring a cake.');
  const page = await openTask(ada, 'Plan the party');
  await expect(page.getByText('I bring a cake.')).toBeVisible();
  await expect(page.getByText('New since you last looked')).toHaveCount(0);
  await page.goto('/');
  await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  await comment(bob, id, 'Or two.');
  await page.goto(`/t/${id}`);
  const news = page.getByRole('listitem').filter({ hasText: 'New since you last looked' });
  await expect(news).toContainText('Or two.');
  await expect(news).not.toContainText('I bring a cake.');
});

test('[T066] [SC-004] two people on the page of a task see each other’s changes', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId } = await teamOf(ada, [[bob, 'ADMIN']]);
  await ada.createTask('Plan the party', { teamId });
  const [one, other] = await Promise.all([openTask(ada, 'Plan the party'), openTask(bob, 'Plan the party')]);
  await expect(other.getByText('No comments yet. Write the first one.')).toBeVisible();

  // Comments: written by one, and edited and deleted.
  await one.keyboard.press('c');
  await one.keyboard.type('Who brings the **cake**?');
  await one.keyboard.press('Control+Enter');
  const written = other.getByRole('article', { name: 'Comment: Ada' });
  await expect(written.locator('strong')).toHaveText('cake');
  await expect(written.getByRole('button', { name: 'Edit comment' })).toHaveCount(0);
  await other.getByRole('textbox', { name: 'New comment' }).fill('I do.');
  await other.getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(one.getByRole('article', { name: 'Comment: Bob' })).toContainText('I do.');
  await written.getByRole('button', { name: 'Quote in a new comment' }).press('Enter');
  await other.keyboard.type('A big one.');
  await other.keyboard.press('Control+Enter');
  const quoting = one.getByRole('article', { name: 'Comment: Bob' }).last();
  await expect(quoting.locator('blockquote')).toHaveText('Who brings the cake?');
  await expect(quoting).toContainText('A big one.');
  await one.getByRole('button', { name: 'Edit comment' }).press('Enter');
  await typeAtEnd(one, ' And candles?');
  await one.keyboard.press('Control+Enter');
  await expect(written).toContainText('Who brings the cake? And candles?');
  await expect(written).toContainText('edited');
  await one.getByRole('article', { name: 'Comment: Ada' }).getByRole('button', { name: 'Delete' }).click();
  await one.getByRole('dialog').getByRole('button', { name: 'Delete comment' }).click();
  await expect(written).toHaveCount(0);

  // Labels, of which neither person loses the other's.
  await one.getByRole('combobox', { name: 'Add a label' }).fill('garden');
  await one.keyboard.press('Enter');
  const labels = other.getByRole('list', { name: 'Labels' }).getByRole('listitem');
  await expect(labels).toHaveText(['garden']);
  await other.getByRole('combobox', { name: 'Add a label' }).fill('June');
  await other.keyboard.press('Enter');
  await one.getByRole('button', { name: 'Remove the label “garden”' }).click();
  await expect(labels).toHaveText(['June']);

  // Subtasks, opened from there.
  await one.getByRole('textbox', { name: 'Add a subtask' }).fill('Order chairs');
  await one.keyboard.press('Enter');
  await other.getByRole('checkbox', { name: 'Complete “Order chairs”' }).click();
  await expect(one.getByText('1 of 1 completed')).toBeVisible();

  // Title and properties, and what the history says about them.
  await one.getByRole('textbox', { name: 'Title' }).fill('Plan the summer party');
  await one.keyboard.press('Enter');
  await expect(other).toHaveTitle('Plan the summer party · Taskwire');
  await other.getByLabel('Priority').selectOption('High');
  await other.getByLabel('Assignee').selectOption('Ada');
  await expect(one.getByLabel('Priority')).toHaveValue('HIGH');
  await expect(one.getByLabel('Assignee')).toHaveValue(ada.id);
  await expect(one.getByText('Bob set the priority to High')).toBeVisible();
  await expect(other.getByText('You assigned the task to Ada')).toBeVisible();

  await other.getByRole('link', { name: 'Order chairs' }).press('Enter');
  await expect(other).toHaveTitle('Order chairs · Taskwire');
  await other.getByRole('button', { name: 'Remove the parent task' }).click();
  await expect(one.getByRole('checkbox', { name: /Order chairs/ })).toHaveCount(0);
  await other.getByRole('button', { name: 'Add a parent task' }).click();
  await other.getByRole('searchbox', { name: 'Find a task' }).fill('summer');
  await other.getByRole('dialog').getByRole('button', { name: 'Plan the summer party' }).click();
  await expect(one.getByRole('checkbox', { name: /Order chairs/ })).toBeVisible();
});

describe('[BR-09] a person who edits a task that another person is editing', () => {
  test('keeps changes to other fields, and chooses between two versions of one', async () => {
    const { ada, bob } = await world.people('Ada', 'Bob');
    const { id: teamId } = await teamOf(ada, [[bob, 'ADMIN']]);
    const id = await ada.createTask('Write the report', { teamId, description: 'First' });
    const page = await openTask(ada, 'Write the report');
    const field = page.getByRole('textbox', { name: 'Description' });
    const edit = page.getByRole('button', { name: 'Edit description' });

    await edit.click();
    await update(bob, id, { labels: ['urgent'], priority: 'LOW' });
    await typeAtEnd(page, ' of mine');
    await field.press('Control+Enter');
    await expect
      .poll(() => read(bob, id))
      .toMatchObject({ description: 'First of mine', labels: ['urgent'] });

    await edit.click();
    await update(bob, id, { description: 'All of *theirs*' });
    await typeAtEnd(page, ', again');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('The description was rewritten.');
    await expect(page.getByRole('region', { name: 'Their version' })).toContainText('All of theirs');
    await expect(field).toHaveValue('First of mine, again');
    await page.getByRole('button', { name: 'Keep my changes' }).click();
    await expect(edit).toBeFocused();
    expect(await read(bob, id)).toMatchObject({ description: 'First of mine, again' });

    await page.getByRole('textbox', { name: 'Title' }).fill('Write my report');
    await update(bob, id, { title: 'Write our report' });
    await expect(page).toHaveTitle('Write our report · Taskwire');
    await page.getByRole('textbox', { name: 'Title' }).press('Enter');
    await expect(page.getByRole('alert')).toContainText('The title is now “Write our report”.');
    await page.getByRole('button', { name: 'Use their version' }).click();
    await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Write our report');
  });

  test('does not lose text by a reload, and reads it after the task is gone', async () => {
    const { ada, bob } = await world.people('Ada', 'Bob');
    const { id: teamId } = await teamOf(ada, [[bob, 'ADMIN']]);
    const id = await ada.createTask('Write the report', { teamId });
    const page = await openTask(ada, 'Write the report');
    await page.getByRole('button', { name: 'Add a description' }).click();
    await page.keyboard.type('A long text');
    await page.getByRole('textbox', { name: 'New comment' }).fill('Half a comment');
    await page.reload();
    await expect(page.getByRole('textbox', { name: 'Description' })).toHaveValue('A long text');
    await expect(page.getByRole('textbox', { name: 'New comment' })).toHaveValue('Half a comment');
    await bob.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id });
    await expect(page.getByText('This task is in the trash (30 days left).')).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'Unsaved text' })).toHaveValue(
      'A long text\n\nHalf a comment',
    );
    await page.getByRole('link', { name: 'Your tasks' }).click();
    await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  });
});

test('hostile Markdown runs no script and requests nothing from other hosts', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const hostile = [
    '<script>window.hit = 1</script>',
    '<img src="https://evil.test/a.png" onerror="window.hit = 2">',
    '![pixel](https://evil.test/b.png) [run](javascript:window.hit=3) [enc](&#106;avascript:window.hit=4)',
    '[data](data:text/html,x) <a href="javascript:window.hit=5">html</a> <svg onload="window.hit=6">',
    '[ref]\n\n[ref]: javascript:window.hit=7',
    '<iframe src="https://evil.test/c"></iframe> <style>@import "https://evil.test/d"</style>',
    '\n```html\n</code></pre><script>window.hit = 8</script>\n```\n',
    'AT&amp;T &lt;b&gt; [site](https://example.com)',
  ].join('\n\n');
  const id = await ada.createTask('Read this', { description: hostile });
  await giveShare(ada, bob, id);
  await comment(ada, id, hostile);
  const page = await dashboardOf(bob);
  const requested = new Set<string>();
  page.on('request', (request) => requested.add(new URL(request.url()).origin));
  await page.goto('/?source=all');
  await page.getByRole('link', { name: 'Read this' }).click();
  const texts = [page.getByRole('region', { name: 'Description' }), page.getByRole('article')];
  for (const text of texts) {
    await expect(text).toContainText('AT&T <b> site');
    await expect(text.locator('script, img, svg:not([aria-hidden]), iframe, style')).toHaveCount(0);
    const addresses = await text
      .getByRole('link')
      .evaluateAll((links) => links.map((a) => a.getAttribute('href')));
    expect(addresses).toEqual(['https://evil.test/b.png', 'https://example.com']);
    for (const word of ['run', 'enc', 'html']) await text.getByText(word).first().click();
  }
  expect(await page.evaluate('window.hit')).toBeUndefined();
  expect([...requested]).toEqual([world.url]);
});

test('[FR-027] a person who may only view a task gets no fields, and a missing task leads back', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const id = await ada.createTask('Look at this', { description: '- [ ] Read it' });
  const secret = await ada.createTask('Only mine');
  await giveShare(ada, bob, id);
  const page = await openTask(bob, 'Look at this');
  await expect(page.getByRole('heading', { level: 1, name: 'Look at this' })).toBeAttached();
  await expect(page.getByRole('main').getByRole('textbox')).toHaveCount(0);
  for (const field of await page.getByRole('combobox').all()) await expect(field).toBeDisabled();
  for (const box of await page.getByRole('checkbox').all()) await expect(box).toBeDisabled();
  for (const name of ['Share', 'Archive', 'Delete', 'Edit description'])
    await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0);
  for (const missing of [secret, 'task_01h455vb4pex5vsknk084sn02q', 'nonsense']) {
    await page.goto(`/t/${missing}`);
    await expect(page.getByRole('heading', { name: 'Task not found' })).toBeVisible();
    await expect(page.getByText('Only mine')).toHaveCount(0);
  }
  await page.getByRole('link', { name: 'Go to your tasks' }).click();
  await page.getByRole('link', { name: 'Shared with me' }).click();
  await expect(page.getByRole('link', { name: 'Look at this' })).toBeVisible();
});

test('[FR-020] a person on a phone opens a task, and Back keeps their place in the list', async () => {
  const { ada } = await world.people('Ada');
  const tasks = Array.from({ length: 30 }, (_, place) => ({ title: `Errand ${place + 1}` }));
  await ada.query('mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor } }', {
    input: { tasks },
  });
  const page = await dashboardOf(ada);
  const messages: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Show more' }).click();
  const link = page.getByRole('link', { name: 'Errand 2', exact: true });
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveTitle('Errand 2 · Taskwire');
  await page.getByRole('button', { name: 'Add a description' }).click();
  await page.keyboard.type('| a | b |\n|---|---|\n| long | text |\n\n- [ ] Buy\n- [ ] Carry');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('checkbox', { name: 'Carry' }).press('Space');
  await expect(page.getByRole('checkbox', { name: 'Carry' })).toBeChecked();
  await expect.poll(() => page.evaluate('document.querySelector("table") !== null')).toBe(true);
  await expectAccessible(page);
  for (const size of ['100%', '200%']) {
    await page.evaluate((percent) => {
      document.documentElement.style.fontSize = percent;
    }, size);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  }
  await page.evaluate("document.documentElement.style.fontSize = ''");
  await page.getByRole('link', { name: 'Your tasks' }).click();
  await expect(link).toBeFocused();
  await expect(link).toBeInViewport();
  expect(messages).toEqual([]);
});

test('a person reads a long stream from its newest entry to its first, each once', async () => {
  const { ada } = await world.people('Ada');
  const id = await ada.createTask('A long story');
  const chapters = Array.from({ length: 60 }, (_, place) => `Chapter ${place + 1}.`);
  for (const [place, chapter] of chapters.entries()) {
    await comment(ada, id, chapter);
    if (place % 2 === 0)
      await update(ada, id, { dueOn: `2027-01-${String((place % 28) + 1).padStart(2, '0')}` });
  }
  const page = await dashboardOf(ada);
  await page.getByRole('link', { name: 'A long story' }).click();
  const shown = page.getByRole('article');
  await expect(shown).toHaveCount(25);
  await expect(shown.last()).toContainText('Chapter 60.');
  const earlier = page.getByRole('button', { name: 'Show earlier' });
  while (await earlier.isVisible()) {
    await earlier.click();
    await expect(page.getByRole('button', { name: 'Loading…' })).toHaveCount(0);
  }
  await expect(page.getByText('You created the task')).toBeVisible();
  expect(await shown.locator('.markdown').allTextContents()).toEqual(chapters);
  await expect(page.getByText('You set the due date to')).toHaveCount(30);
});

test('a person archives, restores and deletes a task from its page', async () => {
  const { ada } = await world.people('Ada');
  const parent = await ada.createTask('Tidy the garage');
  const id = await ada.createTask('Sort the tools', { parentId: parent });
  const page = await openTask(ada, 'Sort the tools');
  await page.getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByText('Archived. Archived tasks are in no list')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('button', { name: 'Archive', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'Share “Sort the tools”' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByLabel('Due date').fill('2027-03-01');
  await page.getByLabel('Status').selectOption('In progress');
  await expect(page.getByText('You set the due date to 1 Mar 2027')).toBeVisible();
  await expect.poll(() => read(ada, id)).toMatchObject({ status: 'IN_PROGRESS' });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`${world.url}/t/${id}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page).toHaveTitle('Tidy the garage · Taskwire');
  await expect(page.getByRole('main').getByRole('textbox', { name: 'Add a subtask' })).toBeVisible();

  await page.goto(`${world.url}/t/${id}`);
  await expect(page.getByText('This task is in the trash (30 days left).')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Sort the tools' })).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Restore' }).click();
  await expect(page).toHaveTitle('Sort the tools · Taskwire');
  await expect(page.getByRole('link', { name: 'Subtask of Tidy the garage' })).toBeVisible();
});

test('[BR-17] a person restores and purges deleted tasks on the page Trash, with the keyboard too', async () => {
  const { ada } = await world.people('Ada');
  for (const title of ['Mow the lawn', 'Trim the hedge', 'Rake the leaves']) await ada.createTask(title);
  const page = await dashboardOf(ada);
  for (const title of ['Mow the lawn', 'Trim the hedge', 'Rake the leaves']) {
    await page.getByRole('button', { name: `Delete “${title}”` }).click();
    await expect(page.getByText(`Moved “${title}” to the trash`)).toBeVisible();
  }
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Restored “Rake the leaves”')).toBeVisible();
  await expect(page.getByRole('main').getByRole('link', { name: 'Rake the leaves' })).toBeVisible();

  await page.getByRole('link', { name: 'Trash', exact: true }).click();
  await expect(page).toHaveTitle('Trash · Taskwire');
  const rows = page.getByRole('list', { name: 'Deleted tasks' }).getByRole('listitem');
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText(/Trim the hedge.*Deleted.*30 days left/s);
  await page.getByRole('button', { name: 'Restore “Trim the hedge”' }).press('Enter');
  await expect(rows).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Restore “Mow the lawn”' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete permanently' }).click();
  await expect(page.getByText('The trash is empty.')).toBeVisible();
  await expect(page.getByText('Deleted “Mow the lawn” permanently')).toBeVisible();

  const elsewhere = await ada.createTask('Water the roses');
  await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: elsewhere });
  await expect(rows).toHaveText([/Water the roses/]);
});
