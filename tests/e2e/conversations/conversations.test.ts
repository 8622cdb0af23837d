import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { verifyAccount } from '../../../server/auth/account.ts';
import { launchBrowser } from '../../kit/browser.ts';
import { converse, say } from '../../kit/talk.ts';
import { teamOf } from '../../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../../kit/world.ts';

const AT_ONCE = expect.configure({ timeout: 1_000 });

const world = await startWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** Two people in one team, and their conversation. */
async function pair() {
  const { ada, bob } = await world.people('Ada', 'Bob');
  await teamOf(ada, [[bob, 'MEMBER']]);
  return { ada, bob, id: await converse(ada, [bob]) };
}

async function openConversations({ email }: Person, path = '/conversations'): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD });
  await page.goto(path);
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  return page;
}

/** A conversation in this person's own browser, once its messages are shown. */
async function openConversation(person: Person, id: string): Promise<Page> {
  const page = await openConversations(person, `/conversations/${id}`);
  await expect(log(page)).toHaveAttribute('aria-busy', 'false');
  return page;
}

const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
const field = (page: Page) => page.getByRole('textbox', { name: 'New message' });
const shown = (page: Page, text: string) => log(page).getByText(text, { exact: true });
const row = (page: Page, title: string) =>
  page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: title });

const details = (page: Page) => page.getByRole('button', { name: 'People and actions' }).click();

/** Pixels below what is in view. */
const distanceToEnd = (page: Page) =>
  log(page).evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight);

test('[SC-004] two people see each other’s messages within a second', async () => {
  const { ada, bob, id } = await pair();
  const [one, other] = await Promise.all([openConversation(ada, id), openConversation(bob, id)]);
  await expect(log(one)).toContainText('No messages yet.');
  await field(one).fill('Who brings the **cake**?');
  await field(one).press('Enter');
  await AT_ONCE(log(other).locator('strong')).toHaveText('cake');
  await field(other).pressSequentially('I do.');
  await field(other).press('Shift+Enter');
  await field(other).pressSequentially('And candles.');
  await field(other).press('Enter');
  await AT_ONCE(log(one)).toContainText('I do.\nAnd candles.', { useInnerText: true });
  await expect(field(other)).toHaveValue('');
  await expect(field(other)).toBeFocused();
  for (const page of [one, other]) await expect(log(page).getByRole('article')).toHaveCount(2);
  await expectAccessible(one);
});

describe('starting and managing a conversation', () => {
  test('a person starts one with people by address, renames it, adds people and leaves', async () => {
    const { ada, bob, cleo, dan } = await world.people('Ada', 'Bob', 'Cleo', 'Dan');
    await teamOf(ada, [
      [bob, 'MEMBER'],
      [dan, 'MEMBER'],
    ]);
    await verifyAccount(world.db, cleo.email);
    const [one, other, third] = await Promise.all([
      openConversations(ada),
      openConversations(bob),
      openConversations(cleo),
    ]);
    await one.getByRole('button', { name: 'New conversation' }).click();
    const dialog = one.getByRole('dialog');
    await dialog.getByLabel('Title').fill('Summer party');
    await dialog.getByLabel('People').fill(bob.email);
    await dialog.getByLabel('People').press('Enter');
    await dialog.getByLabel('People').fill(cleo.email);
    await expectAccessible(one);
    await dialog.getByRole('button', { name: 'Start conversation' }).click();
    await expect(one.getByRole('heading', { level: 1, name: 'Summer party' })).toBeVisible();
    await expect(one.getByText('Bob, you', { exact: true })).toBeVisible();

    await row(other, 'Summer party').click();
    await expect(log(other)).toBeVisible();
    await third.getByRole('button', { name: 'Accept “Summer party”' }).click();
    await expect(log(third)).toBeVisible();
    await expect(one.getByText('Bob, Cleo, you', { exact: true })).toBeVisible();

    await details(other);
    await expect(other.getByRole('dialog').getByRole('listitem')).toHaveCount(3);
    await expect(other.getByRole('button', { name: 'Add people' })).toHaveCount(0);
    await expectAccessible(other);
    await other.keyboard.press('Escape');
    await details(one);
    await one.getByRole('button', { name: 'Rename' }).click();
    await one.getByRole('dialog').getByLabel('Title').fill('Autumn party');
    await one.getByRole('button', { name: 'Save changes' }).click();
    await expect(other).toHaveTitle('Autumn party · Taskwire');
    await expect(row(other, 'Autumn party')).toBeVisible();

    await details(one);
    await one.getByRole('button', { name: 'Add people' }).click();
    await one.getByRole('dialog').getByLabel('People').fill(dan.email);
    await one.getByRole('dialog').getByRole('button', { name: 'Add people' }).click();
    await expect(one.getByText('Added 1 person.')).toBeVisible();
    await expect(one.getByText('Bob, Cleo, Dan, you', { exact: true })).toBeVisible();

    await details(other);
    await other.getByRole('button', { name: 'Leave' }).click();
    await expect(other.getByRole('dialog')).toContainText('Your messages remain.');
    await other.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await expect(other.getByText('Left “Autumn party”')).toBeVisible();
    await expect(row(other, 'Autumn party')).toHaveCount(0);
    await expect(one.getByText('Cleo, Dan, you', { exact: true })).toBeVisible();

    await details(one);
    await one.getByRole('button', { name: 'Delete' }).click();
    await one.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(third.getByText('This conversation doesn’t exist')).toBeVisible();
  });
});

describe('unread messages', () => {
  test('are counted in the list and the menu, marked where they start, and read once seen, in all tabs', async () => {
    const { ada, bob, id } = await pair();
    for (const number of [1, 2, 3]) await say(ada, id, `Message ${number}`);
    const [page, tab] = await Promise.all([openConversations(bob), openConversations(bob)]);
    for (const each of [page, tab]) await expect(row(each, 'The party')).toContainText('3 unread');
    await page.getByRole('button', { name: /^Account/ }).click();
    await expect(page.getByRole('link', { name: 'Conversations , 1 unread' })).toBeVisible();
    await page.keyboard.press('Escape');

    await row(page, 'The party').click();
    const line = log(page).locator('[data-unread]');
    await expect(line).toHaveText('New');
    await expect(
      log(page)
        .getByRole('listitem')
        .filter({ has: page.locator('[data-unread]') }),
    ).toContainText('Message 1');
    await expect(row(tab, 'The party')).not.toContainText('unread');
    await say(ada, id, 'Message 4');
    await expect(shown(page, 'Message 4')).toBeVisible();
    await expect(row(tab, 'The party')).toContainText('Message 4');
    await expect(row(tab, 'The party')).not.toContainText('unread');
    const { conversation } = await bob.query<{ conversation: { unreadCount: number } }>(
      'query ($id: ID!) { conversation(id: $id) { unreadCount } }',
      { id },
    );
    expect(conversation.unreadCount).toBe(0);
    await expectAccessible(page);
  });
});

describe('a long conversation', () => {
  test('opens at its end, loads older messages without a jump, and stays where the person reads', async () => {
    const { ada, bob, id } = await pair();
    for (let number = 1; number <= 130; number += 1) await say(ada, id, `Message ${number}`);
    await bob.query('mutation ($id: ID!) { markConversationRead(input: { id: $id }) { cursor } }', { id });
    const page = await openConversation(bob, id);
    await expect(shown(page, 'Message 130')).toBeInViewport();
    expect(await distanceToEnd(page)).toBeLessThan(2);

    // Older messages are inserted above what is in view, which does not move.
    await log(page).evaluate((element) => (element.scrollTop = 320));
    const mark = shown(page, 'Message 85');
    const before = await mark.boundingBox();
    await log(page).evaluate((element) => (element.scrollTop = 280));
    await expect(shown(page, 'Message 31')).toBeAttached();
    const after = await mark.boundingBox();
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0) - 40)).toBeLessThan(3);

    // A new message does not move the view; a button leads to it.
    const top = await log(page).evaluate((element) => element.scrollTop);
    await say(ada, id, 'Message 131');
    const button = page.getByRole('button', { name: '1 new message' });
    await expect(button).toBeVisible();
    expect(await log(page).evaluate((element) => element.scrollTop)).toBe(top);
    await button.click();
    await expect(shown(page, 'Message 131')).toBeInViewport();
    await expect(log(page)).toBeFocused();
    await say(ada, id, 'Message 132');
    await expect(shown(page, 'Message 132')).toBeInViewport();
  });
});

describe('without a connection', () => {
  test('a message stays with “Try again”, also after a reload, and is sent once', async () => {
    const { ada, bob, id } = await pair();
    const [page, other] = await Promise.all([openConversation(ada, id), openConversation(bob, id)]);
    await page.context().setOffline(true);
    await field(page).fill('On my way');
    await field(page).press('Enter');
    await expect(log(page).getByRole('alert')).toContainText('Can’t reach Taskwire.');
    await expectAccessible(page);
    await field(page).fill('Half a message');
    await page.context().setOffline(false);
    await page.reload();
    await expect(field(page)).toHaveValue('Half a message');
    await expect(shown(page, 'On my way')).toBeVisible();
    await log(page).getByRole('button', { name: 'Try again' }).click();
    await expect(shown(other, 'On my way')).toBeVisible();
    await expect(log(page).getByRole('alert')).toHaveCount(0);
    await expect(shown(page, 'On my way')).toHaveCount(1);
    await page.goto('/conversations');
    await row(page, 'The party').click();
    await expect(field(page)).toHaveValue('Half a message');
  });

  test('messages that were missed arrive afterwards, each once and in order', async () => {
    const { ada, bob, id } = await pair();
    const page = await openConversation(bob, id);
    await say(ada, id, 'Message 0');
    await expect(shown(page, 'Message 0')).toBeVisible();
    await page.context().setOffline(true);
    await expect(page.locator('[data-connection]')).toHaveText('Offline');
    for (let number = 1; number <= 12; number += 1) await say(ada, id, `Message ${number}`);
    await page.context().setOffline(false);
    await expect(shown(page, 'Message 12')).toBeVisible();
    const texts = await log(page).getByRole('article').locator('.markdown').allInnerTexts();
    expect(texts).toEqual(Array.from({ length: 13 }, (_, number) => `Message ${number}`));
  });
});

test('a phone shows the list or one conversation, and the keyboard’s Enter starts a new line', async () => {
  const { ada, bob, id } = await pair();
  await say(ada, id, 'Hello');
  const page = await openConversations(bob);
  const touch = await browser.newContext({
    baseURL: world.url,
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    storageState: await page.context().storageState(),
  });
  const phone = await touch.newPage();
  await phone.goto('/conversations');
  await row(phone, 'The party').tap();
  await expect(shown(phone, 'Hello')).toBeInViewport();
  await expect(row(phone, 'The party')).toBeHidden();
  await field(phone).fill('One');
  await field(phone).press('Enter');
  await field(phone).pressSequentially('Two');
  await expect(field(phone)).toHaveValue('One\nTwo');
  await phone.getByRole('button', { name: 'Send' }).tap();
  await expect(log(phone)).toContainText('One\nTwo', { useInnerText: true });
  await expectAccessible(phone);
  await phone.getByRole('main').getByRole('link', { name: 'Conversations' }).tap();
  await expect(row(phone, 'The party')).toBeVisible();
  await touch.close();
});
