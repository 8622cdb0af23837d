import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { verifyAccount } from '../../../server/auth/account.ts';
import { launchBrowser } from '../../kit/browser.ts';
import { scriptOf } from '../../kit/script.ts';
import { converse, say } from '../../kit/talk.ts';
import { teamOf } from '../../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../../kit/world.ts';

const AT_ONCE = expect.configure({ timeout: 1_500 });
const ADMIN = 'root@example.com';

const world = await startWorld({ ADMIN_EMAILS: ADMIN });
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function openActivity({ email }: Pick<Person, 'email'>, path = '/activity'): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD });
  await page.goto(path);
  await expect(page.locator('[data-connection]')).toHaveText('Live');
  return page;
}

const list = (page: Page) => page.getByRole('region', { name: 'Activity' });
const act = (person: Pick<Person, 'query'>, mutation: string, input: object) => {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  return person.query(`mutation ($input: ${type}!) { ${mutation}(input: $input) { cursor } }`, { input });
};

test('[SC-004] a person reads what they and their teams did, live, with links', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId, name } = await teamOf(ada, [[bob, 'MEMBER']]);
  const conversation = await converse(ada, [bob], 'The party');
  const page = await openActivity(ada);
  await expect(list(page)).toContainText(`You created the team ${name}`);
  await expect(list(page)).toContainText(`Bob joined the team ${name}`);
  const id = await ada.createTask('Pay rent', { teamId });
  await AT_ONCE(list(page).getByText('You created Pay rent')).toBeVisible();
  await act(ada, 'updateTask', { id, assigneeId: bob.id, priority: 'HIGH' });
  await act(bob, 'addComment', { taskId: id, body: 'Done soon.' });
  await act(bob, 'completeTask', { id });
  await AT_ONCE(list(page).getByText('Bob completed Pay rent')).toBeVisible();
  await expect(list(page)).toContainText('You set the priority to High and assigned Pay rent to Bob');
  await expect(list(page)).toContainText('Bob commented on Pay rent');
  for (const text of ['One', 'Two', 'Three']) await say(bob, conversation, text);
  await expect(list(page)).toContainText('Bob wrote in The party · 3 times');
  await expect(list(page).getByRole('heading', { name: 'Today' })).toBeVisible();
  await expectAccessible(page);

  await page.getByLabel('Kind').selectOption('Comments');
  await expect(list(page).getByRole('listitem')).toHaveCount(1);
  await page.getByLabel('Kind').selectOption('All kinds');
  await page.getByLabel('Team', { exact: true }).selectOption(name);
  await expect(list(page)).not.toContainText('The party');
  await page.getByLabel('Person').selectOption('Bob');
  await expect(list(page).getByRole('listitem')).toHaveCount(3);
  await page.reload();
  await expect(list(page).getByRole('listitem')).toHaveCount(3);
  await list(page).getByRole('link', { name: 'Pay rent' }).first().click();
  await expect(page).toHaveTitle('Pay rent · Taskwire');
  await expect(page.getByText('You set the priority to High and assigned the task to Bob')).toBeVisible();
});

describe('the audit trail', () => {
  test('[FR-028] is read and saved as CSV by administrators', async () => {
    const signUp = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }';
    for (const [name, email] of [
      ['Root', ADMIN],
      ['=cmd|x', 'eve@example.com'],
    ])
      await world.query(signUp, { input: { name, email, password: PASSWORD } });
    await verifyAccount(world.db, ADMIN);
    const page = await openActivity({ email: ADMIN });
    await page.getByRole('link', { name: 'Audit trail' }).click();
    await expect(list(page)).toContainText('=cmd|x created an account');
    await expectAccessible(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^audit-trail-\d{4}-\d\d-\d\d\.csv$/);
    const text = await readFile(await download.path(), 'utf8');
    const [head, ...rows] = text.replace('\uFEFF', '').trimEnd().split('\r\n');
    expect(head).toBe('Time,Event,Actor,Actor id,Person,Person id,Details,Event id,Through');
    expect(rows.length).toBeGreaterThan(4);
    expect(rows.some((row) => row.includes(",USER_SIGNED_UP,'=cmd|x,user_"))).toBe(true);
  });

  test('is hidden from other people', async () => {
    const { ada } = await world.people('Ada');
    const page = await openActivity(ada, '/activity?audit');
    await expect(page.getByText('The audit trail is for administrators only.')).toBeVisible();
    await page.getByRole('link', { name: 'Your activity' }).click();
    await expect(list(page)).toContainText('You signed in');
    await expect(page.getByRole('link', { name: 'Audit trail' })).toHaveCount(0);
  });
});

test('a person reads what their agents did, and takes back a run', async () => {
  const { ada } = await world.people('Ada');
  const id = await ada.createTask('Pay rent');
  const other = await ada.createTask('Call the bank');
  const script = await scriptOf(world, ada, { run: 'cleanup 12' });
  await act(script, 'updateTask', { id, title: 'Pay the rent', priority: 'HIGH' });
  await act(script, 'completeTask', { id: other });
  await script.createTask('Buy soil');
  const page = await openActivity(ada);
  await expect(list(page)).toContainText('You, through Nightly script, created Buy soil');
  await page.getByRole('link', { name: 'What agents did' }).click();
  const run = page.getByRole('region', { name: 'Nightly script' });
  await expect(run).toContainText('API token · cleanup 12');
  await expect(run).toContainText('3 changes');
  await script.createTask('Buy seeds');
  await expect(run).toContainText('4 changes');
  await run.getByRole('button', { name: 'Show changes' }).click();
  await expect(run.getByRole('list', { name: 'Changes' })).toContainText('You completed Call the bank');
  await expectAccessible(page);

  await run.getByRole('button', { name: 'Undo this run' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Will be taken back');
  await expect(dialog.getByRole('listitem')).toHaveCount(4);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Take back 4 changes' }).click();
  await expect(page.getByText('Took back 4 changes')).toBeVisible();
  await expect(run).toContainText('Undone:');
  const { tasks } = await ada.query<{ tasks: { nodes: object[] } }>(
    '{ tasks(orderBy: [{ field: CREATED_AT, direction: ASC }]) { nodes { title status priority } } }',
  );
  expect(tasks.nodes).toEqual([
    { title: 'Pay rent', status: 'TODO', priority: 'NONE' },
    { title: 'Call the bank', status: 'TODO', priority: 'NONE' },
  ]);
});
