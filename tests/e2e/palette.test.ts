import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const dashboardOf = ({ email }: Person) => openDashboard(browser, world.url, { email, password: PASSWORD });
const palette = (page: Page) => page.getByRole('dialog', { name: 'Search and actions' });
const options = (page: Page, group: string) =>
  palette(page).getByRole('group', { name: group }).getByRole('option');

describe('the search', () => {
  test('a person finds a task, a comment and a message as they type, and opens each', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const id = await ada.createTask('Order recycled paper', { description: 'Ten reams.' });
    const printer = await ada.createTask('Call the printer');
    await ada.query(
      'mutation ($taskId: ID!) { addComment(input: { taskId: $taskId, body: "Ask for thick paper" }) { cursor } }',
      { taskId: printer },
    );
    const { createConversation } = await ada.query<{ createConversation: { conversation: { id: string } } }>(
      'mutation { createConversation(input: { title: "Office" }) { conversation { id } } }',
    );
    const conversation = createConversation.conversation.id;
    await ada.query('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { cursor } }', {
      input: { conversationId: conversation, content: 'The paper has arrived' },
    });
    const page = await dashboardOf(ada);
    await page.keyboard.press('Control+k');
    await expect(palette(page).getByRole('combobox')).toBeFocused();
    await page.keyboard.type('pape');
    await expect(options(page, 'Tasks')).toHaveText([/Order recycled paper/]);
    await expect(options(page, 'Tasks').locator('mark')).toHaveText('paper');
    await expect(options(page, 'Comments')).toHaveText([/thick paper\s*Ada on “Call the printer”/]);
    await expect(options(page, 'Messages')).toHaveText([/The paper has arrived\s*Ada in “Office”/]);
    await expect(options(page, 'Tasks')).toHaveAttribute('aria-selected', 'true');
    await expectAccessible(page);

    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect(options(page, 'Messages')).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`/t/${printer}`);
    await expect(palette(page)).toBeHidden();

    // Enter before the results have arrived opens the first of them.
    await page.keyboard.press('Control+k');
    await page.keyboard.type('recycled');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`/t/${id}`);

    const other = await dashboardOf(bob);
    await other.keyboard.press('Control+k');
    await other.keyboard.type('paper');
    await expect(palette(other).getByText('Nothing matches “paper”.')).toBeVisible();
  });

  test('a new text cancels the search before it', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Order paper');
    await ada.createTask('Call the printer');
    const page = await dashboardOf(ada);
    let isFirst = true;
    const asked: string[] = [];
    const cancelled: string[] = [];
    page.on('requestfailed', (request) => cancelled.push(request.postData() ?? ''));
    await page.route('**/graphql', async (route) => {
      const body = route.request().postData() ?? '';
      if (!body.includes('query PaletteSearch')) return route.continue();
      asked.push(body);
      if (isFirst) isFirst = false;
      else await route.continue();
    });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('paper');
    await expect.poll(() => asked.length).toBe(1);
    await palette(page).getByRole('combobox').fill('printer');
    await expect(options(page, 'Tasks')).toHaveText([/Call the printer/]);
    expect(asked).toHaveLength(2);
    expect(cancelled.filter((body) => body.includes('"paper"'))).toHaveLength(1);
  });
});

describe('actions by name', () => {
  test('lead to each page and team, and change the theme', async () => {
    const { ada } = await people('Ada');
    const team = await teamOf(ada);
    const page = await dashboardOf(ada);
    const run = async (text: string) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type(text);
      await expect(options(page, 'Actions').first()).toHaveAttribute('aria-selected', 'true');
      await page.keyboard.press('Enter');
      await expect(palette(page)).toBeHidden();
    };
    await run('history');
    await expect(page).toHaveURL('/history');
    await run('settings');
    await expect(page).toHaveURL('/settings');
    await run(team.name);
    await expect(page).toHaveURL(`/?source=${team.id}`);
    await run('dark');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await run('system');
    await expect(page.locator('html')).not.toHaveAttribute('data-theme');
    await run('help');
    await expect(page).toHaveURL('/help');
    await page.goBack();
    await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
    await run('add a task');
    await expect(page.getByRole('textbox', { name: 'New task' })).toBeFocused();
    await page.keyboard.press('Escape');
    await run('keyboard');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
    await page.keyboard.press('Control+k');
    await expect(palette(page)).toBeHidden();
    await page.keyboard.press('Escape');
    await run('sign out');
    await expect(page.getByText('You’ve signed out.')).toBeVisible();
  });

  test('stand with the tasks that were opened last, until the person signs out', async () => {
    const { ada } = await people('Ada');
    for (const title of ['Order paper', 'Call the printer']) await ada.createTask(title);
    const page = await dashboardOf(ada);
    for (const title of ['Order paper', 'Call the printer', 'Order paper']) {
      await page.getByRole('main').getByRole('link', { name: title }).click();
      await expect(page.getByText('You created the task')).toBeVisible();
      await page.goBack();
    }
    const search = page.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: 'Search' });
    await search.click();
    await expect(options(page, 'Recently opened')).toHaveText([/Order paper/, /Call the printer/]);
    await expect(options(page, 'Actions').first()).toHaveText(/Add a task\s*n/);
    await page.keyboard.press('Escape');
    await expect(search).toBeFocused();
    await search.click();
    await options(page, 'Actions').filter({ hasText: 'Sign out' }).click();
    await expect(page.getByText('You’ve signed out.')).toBeVisible();
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);
  });
});
