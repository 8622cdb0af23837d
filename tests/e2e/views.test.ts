import type { Browser, Page } from '@playwright/test';
import { beforeAll, expect as expectValue, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const dashboardOf = ({ email }: Person) => openDashboard(browser, world.url, { email, password: PASSWORD });

const tasksOf = (page: Page) => page.getByRole('region', { name: 'Your tasks' }).getByRole('listitem');

test('a person filters by text with suggestions, sees what is wrong, and saves it as a view', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { labels: ['next sprint'], priority: 'HIGH' });
  await ada.createTask('Call the printer', { labels: ['waiting'], priority: 'HIGH' });
  await ada.createTask('Count the cups');
  const page = await dashboardOf(ada);
  await page.getByRole('button', { name: 'Filters' }).click();
  const field = page.getByRole('combobox', { name: 'Filter as text' });
  await field.click();

  await field.pressSequentially('prior');
  const options = page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
  await expect(options).toHaveText(['priority:']);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await field.pressSequentially('>=hi');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  await expect(field).toHaveValue('priority:>=high ');
  await field.pressSequentially('label:ne');
  await expect(options).toHaveText(['"next sprint"']);
  await options.click();
  await expect(field).toHaveValue('priority:>=high label:"next sprint" ');
  await page.keyboard.press('Enter');
  await expect(tasksOf(page)).toHaveText([/Order paper/]);
  expectValue(new URL(page.url()).searchParams.get('filter')).toBe('priority:>=high label:"next sprint"');
  await page.reload();
  await expect(tasksOf(page)).toHaveText([/Order paper/]);

  await field.fill('is:opne team:nowhere');
  await field.press('Enter');
  await expect(page.getByRole('alert')).toContainText('“opne” is not a value of “is:”');
  await expect(page.locator('.backdrop mark')).toHaveText('opne');
  await field.fill('team:nowhere');
  await field.press('Enter');
  await expect(page.getByRole('alert')).toContainText('You are not in a team “nowhere”.');
  await expect(tasksOf(page)).toHaveText([/Order paper/]);

  await field.fill('-label:waiting');
  await field.press('Enter');
  await expect(tasksOf(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Save as view' }).click();
  const dialog = page.getByRole('dialog', { name: 'Save as view' });
  await expect(dialog.getByRole('combobox', { name: 'Filter' })).toHaveValue(
    'is:open is:mine -label:waiting',
  );
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Not waiting');
  await dialog.getByRole('button', { name: 'Save view' }).click();
  await expect(page.getByRole('heading', { name: 'Not waiting' })).toBeVisible();
  await expect(tasksOf(page)).toHaveCount(2);

  const pinned = page.getByRole('list', { name: 'Views' }).getByRole('link');
  await expect(pinned).toHaveText(/Not waiting\s*2/);
  await ada.createTask('Sharpen pencils');
  await expect(pinned).toHaveText(/Not waiting\s*3/);
  await expect(tasksOf(page)).toHaveCount(3);
});

test('a team’s view is renamed by a member, seen live by a viewer, and deleted', async () => {
  const { ada, vic } = await people('Ada', 'Vic');
  const team = await teamOf(ada, [[vic, 'VIEWER']]);
  await ada.createTask('Order paper', { teamId: team.id });
  const { createView } = await ada.query<{ createView: { view: { id: string } } }>(
    'mutation ($input: CreateViewInput!) { createView(input: $input) { view { id } } }',
    { input: { teamId: team.id, name: 'Open', filterText: 'is:open' } },
  );
  const address = `${world.url}/views/${createView.view.id}`;
  const [adas, vics] = [await dashboardOf(ada), await dashboardOf(vic)];
  await adas.goto(address);
  await vics.goto(address);
  await expect(tasksOf(vics)).toHaveText([/Order paper/]);
  await vics.getByRole('button', { name: 'Actions for this view' }).click();
  await expect(vics.getByRole('dialog').getByRole('button')).toHaveText(['', 'Copy link', 'Duplicate view']);
  const file = await vics.request.get(
    world.url + ((await vics.getByRole('link', { name: 'Export as CSV' }).getAttribute('href')) ?? ''),
  );
  expectValue(await file.text()).toMatch(/^\uFEFFId,Title,.*Order paper/s);
  await vics.keyboard.press('Escape');

  await adas.getByRole('button', { name: 'Actions for this view' }).click();
  await adas.getByRole('button', { name: 'Edit view' }).click();
  await adas.getByRole('textbox', { name: 'Name' }).fill('To do');
  await adas.getByRole('button', { name: 'Save changes' }).click();
  await expect(vics.getByRole('heading', { name: 'To do' })).toBeVisible();

  await adas.getByRole('button', { name: 'Actions for this view' }).click();
  await adas.getByRole('button', { name: 'Delete view' }).click();
  await adas.getByRole('dialog').getByRole('button', { name: 'Delete view' }).click();
  await expect(adas.getByText('View deleted')).toBeVisible();
  await expect(vics.getByText('This view doesn’t exist')).toBeVisible();
});

test('a person moves views by key, menu and drag, takes a move back, and duplicates one', async () => {
  const { ada } = await people('Ada');
  for (const name of ['One', 'Two', 'Three'])
    await ada.query('mutation ($input: CreateViewInput!) { createView(input: $input) { cursor } }', {
      input: { name, filterText: 'is:open', layout: 'BOARD', groupBy: 'PRIORITY' },
    });
  const page = await dashboardOf(ada);
  await page.goto(`${world.url}/views`);
  const links = page.getByRole('region', { name: 'Your views' }).getByRole('link');
  const order = (...names: string[]) => expect(links).toHaveText(names.map((name) => new RegExp(name)));
  await order('One', 'Two', 'Three');

  await links.filter({ hasText: 'Three' }).focus();
  await page.keyboard.press('Alt+ArrowUp');
  await order('One', 'Three', 'Two');
  await expect(links.filter({ hasText: 'Three' })).toBeFocused();
  await expect(page.getByText('Moved “Three” to place 2')).toBeVisible();
  await page.keyboard.press('u');
  await expect(page.getByText('Moved “Three” back')).toBeVisible();
  await order('One', 'Two', 'Three');

  await page.getByRole('button', { name: 'Actions for “One”' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Move up' })).toHaveCount(0);
  await page.getByRole('dialog').getByRole('button', { name: 'Move down' }).click();
  await order('Two', 'One', 'Three');

  await links.filter({ hasText: 'Three' }).hover();
  const from = await page.locator('li', { hasText: 'Three' }).locator('[data-handle]').boundingBox();
  const to = await links.filter({ hasText: 'Two' }).boundingBox();
  if (!from || !to) throw new Error('The rows are not shown');
  await page.mouse.move(from.x + 4, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + 4, to.y + 4, { steps: 4 });
  await page.mouse.up();
  await order('Three', 'Two', 'One');
  await expect(page.getByRole('list', { name: 'Views' }).getByRole('link')).toHaveText([
    /Three/,
    /Two/,
    /One/,
  ]);
  await page.reload();
  await order('Three', 'Two', 'One');

  await page.getByRole('button', { name: 'Actions for “Two”' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Duplicate view' }).click();
  await expect(page.getByRole('heading', { name: 'Two (copy)' })).toBeVisible();
  const { views } = await ada.query<{ views: object[] }>('{ views { name filterText layout groupBy } }');
  expectValue(views.at(-1)).toEqual({
    name: 'Two (copy)',
    filterText: 'is:open',
    layout: 'BOARD',
    groupBy: 'PRIORITY',
  });
});

test('the tasks of a team open with the view that its leaders choose', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  await ada.query('mutation ($input: CreateViewInput!) { createView(input: $input) { cursor } }', {
    input: { teamId: team.id, name: 'This week', filterText: 'due:this-week' },
  });
  const { team: read } = await ada.query<{ team: { slug: string } }>(
    'query ($id: ID!) { team(id: $id) { slug } }',
    {
      id: team.id,
    },
  );
  const [adas, bobs] = [await dashboardOf(ada), await dashboardOf(bob)];
  await adas.goto(`${world.url}/teams/${read.slug}`);
  await bobs.goto(`${world.url}/teams/${read.slug}`);
  await expect(bobs.getByRole('link', { name: 'Tasks', exact: true })).toHaveAttribute(
    'href',
    /source=team_/,
  );
  await bobs.getByRole('button', { name: 'Actions for “This week”' }).click();
  await expect(bobs.getByRole('dialog').getByRole('button', { name: 'Edit view' })).toBeVisible();
  await expect(bobs.getByRole('dialog').getByRole('button', { name: /default/ })).toHaveCount(0);
  await bobs.keyboard.press('Escape');

  await adas.getByRole('button', { name: 'Actions for “This week”' }).click();
  await adas.getByRole('button', { name: 'Make default view of the team' }).click();
  await expect(adas.getByRole('link', { name: 'This week Default' })).toBeVisible();
  await bobs.getByRole('link', { name: 'Tasks', exact: true }).and(bobs.locator('[href^="/views/"]')).click();
  await expect(bobs.getByRole('heading', { name: 'This week' })).toBeVisible();

  await adas.getByRole('button', { name: 'Actions for “This week”' }).click();
  await adas.getByRole('button', { name: 'Remove as default view' }).click();
  await expect(adas.getByText('The team has no default view now')).toBeVisible();
  await expect(adas.getByRole('link', { name: 'Tasks', exact: true })).toHaveAttribute(
    'href',
    /source=team_/,
  );
});
