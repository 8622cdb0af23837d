import { randomUUID } from 'node:crypto';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { newId, uuidOf } from '../../server/ids.ts';
import { launchBrowser } from '../kit/browser.ts';
import { accept, invite, teamOf } from '../kit/team.ts';
import { expect, expectAccessible, signIn, visit } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

/** “At once” means within this time. */
const AT_ONCE = expect.configure({ timeout: 1_000 });

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const account = (page: Page) => page.getByRole('button', { name: /^Account/ });
const row = (page: Page, text: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: text });
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });
const button = (page: Page, name: string) => page.getByRole('button', { name });
const linkFor = (page: Page, email: string) => page.getByRole('textbox', { name: `Link for ${email}` });
const dialog = (page: Page, name: string) => page.getByRole('dialog', { name });

/** A person's teams page, once it is live. */
async function teamsOf({ email }: Person): Promise<Page> {
  const page = await visit(browser, world.url, { timezoneId: 'UTC' });
  await signIn(page, { email, password: PASSWORD });
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Teams' }).click();
  await expect(heading(page, 'Teams')).toBeVisible();
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  return page;
}

/** The page of a person's only team. */
async function teamPageOf(person: Person, name: string): Promise<Page> {
  const page = await teamsOf(person);
  await page.getByRole('main').getByRole('link', { name }).click();
  await expect(heading(page, name)).toBeVisible();
  return page;
}

async function create(page: Page, name: string, description = ''): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Description').fill(description);
  await button(page, 'Create team').click();
}

async function inviteBy(page: Page, email: string, role: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByRole('combobox', { name: 'Role' }).selectOption(role);
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
}

test('[T066] [BR-01] [SC-004] a person creates a team and invites another, who sees it live and joins', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  await verifyAccount(world.db, bob.email);
  const [here, there] = await Promise.all([teamsOf(ada), teamsOf(bob)]);
  await expect(there.getByText('You’re not in a team yet')).toBeVisible();
  const name = `Garden ${randomUUID().slice(0, 8)}`;
  await create(here, name, 'Beds, hedges, and the old pear tree.');
  await expect(heading(here, name)).toBeVisible();
  await expect(here.getByText('Beds, hedges, and the old pear tree.')).toBeVisible();
  await expect(here.getByText('You are the owner of this team.')).toBeVisible();

  await inviteBy(here, bob.email, 'Viewer');
  await AT_ONCE(row(there, name)).toContainText(/Ada invited you as a viewer · expires\s+\d+ \w+/);
  await expect(account(there)).toHaveAccessibleName('Account: Bob, 1 pending invitation');
  await expect(there.getByRole('link', { name: /^Teams\s*, pending invitations$/ })).toBeVisible();
  await expect(row(here, bob.email)).toContainText('Viewer · invited by Ada · expires');
  await expect(linkFor(here, bob.email)).toHaveValue(/\/join#[\w-]{43}$/);

  await button(there, `Accept the invitation to “${name}”`).click();
  await expect(heading(there, name)).toBeVisible();
  await expect(row(there, 'Bob (you)')).toContainText('Viewer');
  await expect(account(there)).toHaveAccessibleName('Account: Bob');
  await AT_ONCE(here.getByRole('heading', { name: '2 members' })).toBeVisible();
  await expect(here.getByRole('heading', { name: 'Pending invitations' })).toHaveCount(0);
});

test('[SC-004] declined, revoked and deleted invitations disappear for both sides', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  await verifyAccount(world.db, bob.email);
  const { id, name } = await teamOf(ada);
  const other = await teamOf(ada);
  const [here, there] = [await teamPageOf(ada, name), await teamsOf(bob)];
  await inviteBy(here, bob.email, 'Member');
  await button(there, `Decline the invitation to “${name}”`).click();
  await expect(row(there, name)).toHaveCount(0);
  await AT_ONCE(row(here, bob.email)).toHaveCount(0);

  await inviteBy(here, bob.email, 'Admin');
  await AT_ONCE(row(there, name)).toContainText('as an admin');
  await invite(ada, other.id, bob.email);
  await AT_ONCE(row(there, other.name)).toBeVisible();
  await button(here, `Revoke the invitation to ${bob.email}`).press('Enter');
  await AT_ONCE(row(there, name)).toHaveCount(0);
  await expect(here.getByRole('heading', { name: 'Invite someone' })).toBeFocused();
  await expect(linkFor(here, bob.email)).toHaveCount(0);

  await ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id: other.id });
  await AT_ONCE(row(there, other.name)).toHaveCount(0);
  await ada.query('mutation ($id: ID!) { updateTeam(input: { id: $id, name: "Orchard" }) { cursor } }', {
    id,
  });
  await AT_ONCE(heading(here, 'Orchard')).toBeVisible();
});

test('[BR-16] a person follows an invitation link, creates an account and joins, on a phone and by keyboard alone', async () => {
  const { ada } = await people('Ada');
  const { name } = await teamOf(ada);
  const here = await teamPageOf(ada, name);
  const email = `${randomUUID().slice(0, 8)}@example.com`;
  await inviteBy(here, email, 'Viewer');
  const field = linkFor(here, email);
  await expect(field).toHaveAccessibleDescription(
    /^Send this link to .+ It works once and expires after \d+ \w+/,
  );
  await expect(button(here, 'Copy link')).toBeFocused();
  const first = await field.inputValue();
  await button(here, `New link for ${email}`).press('Enter');
  await expect(field).not.toHaveValue(first);
  const link = await field.inputValue();
  await expectAccessible(here);

  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const there = await visit(browser, world.url, { timezoneId: 'UTC', ...phone });
  const asked: string[] = [];
  there.on('request', (request) => asked.push(request.url()));
  await there.goto(link);
  await expect(
    there.getByText('You have been invited to a team. Sign in or create an account'),
  ).toBeVisible();
  await there.getByRole('link', { name: 'Create an account' }).press('Enter');
  await there.getByLabel('Name').fill('Bob');
  await there.getByLabel('Email').fill(`bob.${email}`);
  await there.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await there.getByLabel('Password', { exact: true }).press('Enter');
  await expect(there.getByRole('heading', { level: 2, name })).toBeVisible();
  await expect(there.getByText(/Ada invited you as a viewer · expires\s+\d+ \w+/)).toBeVisible();
  await expect(there.getByText(`You are signed in as Bob (bob.${email})`)).toBeVisible();
  await expectAccessible(there);
  await there.getByRole('button', { name: 'Join', exact: true }).press('Enter');
  await expect(heading(there, name)).toBeVisible();
  await expect(row(there, 'Bob (you)')).toContainText('Viewer');
  await AT_ONCE(here.getByRole('heading', { name: '2 members' })).toBeVisible();
  const secret = new URL(link).hash.slice(1);
  expect(asked.filter((url) => url.split('#', 1).join('').includes(secret))).toEqual([]);

  await there.goto(first);
  await expect(there.getByRole('alert')).toContainText('This link is no longer valid');
  await there.getByRole('link', { name: 'Go to your teams' }).press('Enter');
  await expect(heading(there, 'Teams')).toBeVisible();
});

test('[BR-16] a person with an account declines by the link, and the inviter sees that', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { id, name } = await teamOf(ada);
  const { link } = await invite(ada, id, 'office@example.com', 'MEMBER');
  const here = await teamPageOf(ada, name);
  const there = await visit(browser, world.url, { timezoneId: 'UTC' });
  await there.goto(link);
  await there.getByLabel('Email').fill(bob.email);
  await there.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await there.getByRole('button', { name: 'Sign in' }).click();
  await button(there, 'Decline').click();
  await expect(heading(there, 'Teams')).toBeVisible();
  await AT_ONCE(row(here, 'office@example.com')).toHaveCount(0);
  const refused = { kind: 'access.refused', actorId: uuidOf('User', bob.id) };
  expect(await world.db.event.count({ where: refused })).toBe(0);
});

test('[BR-02] [FR-029] an owner promotes a member to admin, transfers the team to them, and leaves', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { name } = await teamOf(ada, [[bob, 'MEMBER']]);
  const [here, there] = await Promise.all([teamPageOf(ada, name), teamPageOf(bob, name)]);
  await expect(button(here, 'Leave this team')).toHaveCount(0);
  await expect(here.getByText('Transfer ownership before you leave')).toBeVisible();

  await button(here, 'Change the role of “Bob”').click();
  await dialog(here, 'Role of Bob')
    .getByRole('radio', { name: /^Admin/ })
    .check();
  await button(here, 'Save').click();
  await AT_ONCE(there.getByText('You are an admin of this team.')).toBeVisible();
  await expect(button(there, 'Edit')).toBeVisible();
  await expect(row(here, 'Bob')).toContainText('Admin');

  await button(here, 'Change the role of “Bob”').click();
  await dialog(here, 'Role of Bob')
    .getByRole('radio', { name: /^Owner/ })
    .check();
  await button(here, 'Transfer…').click();
  await expect(dialog(here, 'Transfer ownership?')).toContainText('you become an admin');
  await button(here, 'Transfer ownership').click();
  await expect(here.getByText('You are an admin of this team.')).toBeVisible();
  await AT_ONCE(there.getByText('You are the owner of this team.')).toBeVisible();

  await button(here, 'Leave this team').click();
  await dialog(here, 'Leave this team?').getByRole('button', { name: 'Leave' }).click();
  await expect(here.getByText('You’re not in a team yet')).toBeVisible();
  await AT_ONCE(there.getByRole('heading', { name: '1 member' })).toBeVisible();
});

test('server errors show at their field, and typed text is kept', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { name } = await teamOf(ada, [[bob, 'MEMBER']]);
  const page = await teamsOf(ada);
  await create(page, name, 'The same again');
  await expect(page.getByLabel('Name')).toHaveAccessibleDescription(
    'Another team has this name. Choose a different name.',
  );
  await expect(page.getByLabel('Description')).toHaveValue('The same again');

  await page.getByRole('main').getByRole('link', { name }).click();
  await inviteBy(page, bob.email, 'Viewer');
  const email = page.getByLabel('Email');
  await expect(email).toHaveAccessibleDescription(
    /This person is already a member of the team. Change their role instead\.$/,
  );
  await expect(email).toHaveValue(bob.email);
  await expect(email).toBeFocused();

  await button(page, 'Edit').click();
  await dialog(page, 'Edit team').getByLabel('Name').fill(' ');
  await button(page, 'Save changes').click();
  await expect(dialog(page, 'Edit team').getByLabel('Name')).toHaveAttribute('aria-invalid', 'true');
  await page.keyboard.press('Escape');
  await expect(page.getByText('You have unsaved changes.')).toBeVisible();
  await dialog(page, 'Edit team').getByLabel('Name').fill(`${name} two`);
  await button(page, 'Save changes').click();
  await expect(heading(page, `${name} two`)).toBeVisible();
});

describe('[BR-03] [FR-029] buttons are limited to what a role can do', () => {
  test('for a viewer', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const { name } = await teamOf(ada, [[bob, 'VIEWER']]);
    await invite(ada, (await teamOf(ada)).id, bob.email);
    const page = await teamPageOf(bob, name);
    await expect(row(page, 'Ada')).toContainText('Owner');
    const buttons = await page.getByRole('main').getByRole('button').allInnerTexts();
    expect(buttons).toEqual(['Leave this team']);
    await expect(page.getByLabel('Email')).toHaveCount(0);
  });

  test('for an admin', async () => {
    const { ada, bob, cleo, dan } = await people('Ada', 'Bob', 'Cleo', 'Dan');
    const { name } = await teamOf(ada, [
      [bob, 'ADMIN'],
      [cleo, 'ADMIN'],
      [dan, 'VIEWER'],
    ]);
    const page = await teamPageOf(bob, name);
    await expect(button(page, 'Remove “')).toHaveCount(1);
    await expect(button(page, 'Delete this team')).toHaveCount(0);
    await expect(page.getByRole('combobox', { name: 'Role' }).getByRole('option')).toHaveText([
      'Member',
      'Viewer',
    ]);
    await button(page, 'Change the role of “Dan”').click();
    const roles = dialog(page, 'Role of Dan').getByRole('radio');
    await expect(roles).toHaveCount(2);
    await expect(roles.last()).toBeChecked();
  });
});

test('[BR-06] a removed member sees a notice once, and can go back', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { name, memberships } = await teamOf(ada, [[bob, 'MEMBER']]);
  const page = await teamPageOf(bob, name);
  await ada.query('mutation ($id: ID!) { removeMember(input: { id: $id }) { cursor } }', {
    id: memberships.get(bob.id),
  });
  await AT_ONCE(page.getByRole('alert')).toContainText(`You’re no longer a member of “${name}”`);
  await bob.createTask('Order paper');
  await page.getByRole('link', { name: 'Go to your teams' }).click();
  await expect(page.getByText('You’re not in a team yet')).toBeVisible();
  const refused = { kind: 'access.refused', actorId: uuidOf('User', bob.id) };
  // The team and its views, each once.
  expect(await world.db.event.count({ where: refused })).toBe(2);

  await page.goto('/teams/nowhere');
  await expect(page.getByRole('alert')).toContainText('This team doesn’t exist, or you’re not a member.');
});

test('confirmations work by keyboard, and keep the focus', async () => {
  const { ada, bob, cleo } = await people('Ada', 'Bob', 'Cleo');
  const { name } = await teamOf(ada, [
    [bob, 'MEMBER'],
    [cleo, 'MEMBER'],
  ]);
  const page = await teamPageOf(ada, name);
  const remove = button(page, 'Remove “Bob”');
  await remove.press('Enter');
  await expect(button(page, 'Cancel')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(remove).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(row(page, 'Bob')).toHaveCount(0);
  await expect(button(page, 'Change the role of “Cleo”')).toBeFocused();

  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: /^Member/ }).focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('radio', { name: /^Owner/ })).toBeChecked();
  await page.keyboard.press('Enter');
  await expect(dialog(page, 'Transfer ownership?')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(button(page, 'Change the role of “Cleo”')).toBeFocused();

  await button(page, 'Delete this team').press('Enter');
  await expect(dialog(page, 'Delete this team?')).toContainText('return to their owners');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByText('You’re not in a team yet')).toBeVisible();
  await expect(page.getByText(`Deleted “${name}”`)).toBeVisible();
});

test('a large team shows all members, also after one joins, and links to its tasks and history', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { id, name } = await teamOf(ada);
  const many = Array.from({ length: 60 }, (_, number) => ({ id: newId(), name: `Person ${number + 2}` }));
  await world.db.user.createMany({ data: many.map((one) => ({ ...one, email: `${one.id}@example.com` })) });
  await world.db.membership.createMany({
    data: many.map((one) => ({ teamId: uuidOf('Team', id), userId: one.id, role: 'MEMBER' as const })),
  });
  const invitation = await invite(ada, id, bob.email);

  const page = await teamPageOf(ada, name);
  const members = page.getByRole('list', { name: 'Members' }).getByRole('listitem');
  await expect(members).toHaveCount(25);
  await button(page, 'Show more').press('Enter');
  await expect(members).toHaveCount(50);
  await button(page, 'Show more').press('Enter');
  await expect(members).toHaveCount(61);
  await expect(members.nth(50).getByRole('button').first()).toBeFocused();
  await expect(button(page, 'Show more')).toHaveCount(0);
  await accept(bob, invitation);
  await expect(members).toHaveCount(62);
  await expect(page.getByRole('heading', { name: '62 members' })).toBeVisible();

  await ada.createTask('Order paper', { teamId: id });
  await ada.createTask('Mine alone');
  await page.getByRole('main').getByRole('link', { name: 'Tasks' }).click();
  await expect(row(page, 'Order paper')).toBeVisible();
  await expect(row(page, 'Mine alone')).toHaveCount(0);
  await page.goBack();
  await page.getByRole('main').getByRole('link', { name: 'History' }).click();
  await expect(page.getByLabel('Owner or team')).toHaveValue(id);
});
