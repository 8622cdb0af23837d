import type { Browser, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { startReceiver, verify } from '../kit/receiver.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ WEBHOOK_ALLOW: '127.0.0.1' });
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function pageOf({ email }: Person, path: string): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(path);
  return page;
}

const section = (page: Page) => page.getByRole('region', { name: 'Webhooks' });

/** Saves pictures if SCREENSHOTS names a folder. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (!folder) return;
  for (const [scheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${folder}/${name}-${scheme}.png` });
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 720 });
}

test('a person creates a webhook by keyboard, tests it, and sees, repeats and replays its deliveries', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  const page = await pageOf(ada, '/settings');
  await expect(section(page)).toContainText('No webhooks yet.');
  await section(page).getByRole('button', { name: 'New webhook' }).press('Enter');
  const form = page.getByRole('dialog', { name: 'New webhook' });
  await expect(form.getByLabel('URL')).toBeFocused();
  await page.keyboard.type('https://10.0.0.1/');
  await page.keyboard.press('Enter');
  await expect(form.getByLabel('URL')).toHaveAccessibleDescription(/10\.0\.0\.1 is not a public address/);
  await expectAccessible(page);
  await form.getByLabel('URL').fill(receiver.url);
  await form.getByLabel('Description').fill('Chat');
  await form.getByLabel('Tasks').check();
  await picture(page, 'webhook-new');
  await form.getByLabel('URL').press('Enter');
  const created = page.getByRole('dialog', { name: 'Webhook secret' });
  await expect(created.getByRole('button', { name: 'Copy secret' })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Copied the secret')).toBeVisible();
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press('Escape');
  await expect(section(page)).toContainText('Chat');
  await expect(section(page)).toContainText('Tasks · nothing delivered yet');

  await section(page).getByRole('button', { name: 'Deliveries of “Chat”' }).press('Enter');
  const deliveries = page.getByRole('dialog', { name: 'Deliveries of “Chat”' });
  await expect(deliveries).toContainText('Nothing was sent yet.');
  await deliveries.getByRole('button', { name: 'Send test' }).press('Enter');
  await expect(deliveries.getByRole('listitem').first()).toContainText('Delivered', { timeout: 10_000 });
  await expect.poll(() => receiver.types()).toEqual(['TEST']);
  verify(secret, receiver.received[0]);
  receiver.answer = (response) => response.writeHead(500).end();
  await ada.createTask('Water the plants');
  await expect(deliveries.getByRole('listitem').first()).toContainText('HTTP 500', { timeout: 10_000 });
  receiver.answer = (response) => response.writeHead(204).end();
  await expect(deliveries.getByRole('listitem').first()).toContainText('Delivered', { timeout: 20_000 });
  await picture(page, 'webhook-deliveries');
  await expectAccessible(page);
  await deliveries.getByRole('button', { name: /Redeliver Task created/ }).press('Enter');
  await expect.poll(() => receiver.types().length, { timeout: 10_000 }).toBe(4);
  await expect(deliveries.getByRole('listitem').first()).toContainText('Delivered (again)', {
    timeout: 10_000,
  });
  await deliveries
    .getByRole('button', { name: /Replay from here: Task created/ })
    .last()
    .press('Enter');
  await expect.poll(() => receiver.types().length, { timeout: 10_000 }).toBe(5);
  await page.keyboard.press('Escape');

  await section(page).getByRole('button', { name: 'Edit “Chat”' }).press('Enter');
  const editor = page.getByRole('dialog', { name: 'Edit webhook' });
  await editor.getByLabel('Comments').check();
  await editor.getByRole('button', { name: 'Save changes' }).press('Enter');
  await expect(section(page)).toContainText('Tasks, Comments');
  await section(page).getByRole('button', { name: 'Rotate secret of “Chat”' }).press('Enter');
  await page.getByRole('button', { name: 'Rotate secret', exact: true }).press('Enter');
  await expect(page.getByRole('dialog', { name: 'Webhook secret' }).getByLabel('Secret')).toHaveValue(
    /^whsec_/,
  );
  await page.keyboard.press('Escape');
  await section(page).getByRole('button', { name: 'Disable “Chat”' }).press('Enter');
  await expect(section(page)).toContainText('Disabled.');
  await ada.createTask('Missed');
  await section(page).getByRole('button', { name: 'Enable “Chat”' }).press('Enter');
  await page.getByRole('button', { name: 'Send missed events, too' }).press('Enter');
  await expect.poll(() => receiver.received.at(-1)?.text, { timeout: 10_000 }).toContain('Missed');
  await picture(page, 'webhook-list');
  await section(page).getByRole('button', { name: 'Delete “Chat”' }).press('Enter');
  await page.getByRole('button', { name: 'Delete webhook' }).press('Enter');
  await expect(section(page)).toContainText('No webhooks yet.');
}, 120_000);

test('an admin sees on the team’s page that a webhook was disabled; a member sees no webhooks', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(410).end();
  const { slug } = await world.db.team.findFirstOrThrow({
    where: { memberships: { some: { user: { email: bob.email } } } },
  });
  const page = await pageOf(ada, `/teams/${slug}`);
  await section(page).getByRole('button', { name: 'New webhook' }).click();
  await page.getByRole('dialog').getByLabel('URL').fill(receiver.url);
  await page.getByRole('dialog').getByRole('button', { name: 'Create webhook' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await bob.createTask('In the team', { teamId: team.id });
  await expect(section(page)).toContainText('Disabled: the receiver no longer exists (HTTP 410).', {
    timeout: 15_000,
  });
  await expectAccessible(page);
  await picture(page, 'webhook-team');
  const other = await pageOf(bob, `/teams/${slug}`);
  await expect(other.getByRole('heading', { name: 'Members' })).toBeVisible();
  await expect(section(other)).toHaveCount(0);
}, 60_000);
