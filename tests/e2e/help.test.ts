import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Browser, Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { connect, disconnect } from '../../server/database/client.ts';
import { launchBrowser } from '../kit/browser.ts';
import { freshDatabase } from '../kit/database.ts';
import { plantMonths } from '../kit/past.ts';
import { startTestServer, type TestServer } from '../kit/server.ts';
import { addTask, expect, expectStatistics, signUp, visit, type Account } from '../kit/visitor.ts';

const PICTURES = join(import.meta.dirname, '../../client/static/help');
const WIDE = { width: 1280, height: 1000 };

const databaseUrl = await freshDatabase();
const db = connect(databaseUrl);
afterAll(() => disconnect(db));
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([startTestServer(databaseUrl), launchBrowser()]);
  return async () => {
    await browser.close();
    await server.stop();
  };
});

function newAccount(name: string): Account {
  const email = `${name.toLowerCase()}.${randomUUID().slice(0, 8)}@example.com`;
  return { name, email, password: 'correct horse battery' };
}

describe('[T065] the help page', () => {
  test('is public, and links to sign-up', async () => {
    const page = await visit(browser, server.url);
    await page.getByRole('link', { name: 'Help' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Help' })).toBeVisible();
    await page.getByRole('link', { name: 'Create an account' }).click();
    await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible();
  });

  test('is linked from the dashboard, and explains every number there', async () => {
    const page = await visit(browser, server.url, { viewport: WIDE });
    await signUp(page, newAccount('Ada'));
    await addTask(page, 'Call the printer');
    await expectStatistics(page, { total: 1, pending: 1, completed: 0, shared: 0 });
    const main = page.getByRole('main');
    const numbers = await main.locator('[data-statistic]:not(:empty)').allInnerTexts();
    await page.getByRole('button', { name: 'Insights' }).click();
    await expect(main.locator('aside h2')).toHaveCount(3);
    numbers.push(...(await main.locator('aside th[scope=row]').allInnerTexts()));
    const panels = await main.locator('aside h2').allInnerTexts();

    await page.getByRole('link', { name: 'Help' }).click();
    const section = page.getByRole('region', { name: 'What the numbers mean' });
    await expect(section).toBeVisible();
    const words = await section.locator('dt, h3').allInnerTexts();
    expect(numbers.length).toBeGreaterThanOrEqual(9);
    expect(panels.length).toBe(3);
    for (const name of [...numbers, ...panels])
      expect(words.join('\n').toLowerCase()).toContain(name.replace(/\d+/, '').trim().toLowerCase());
  });

  test.each(['light', 'dark'] as const)('shows pictures in %s, in the reserved size', async (theme) => {
    const page = await visit(browser, server.url, { colorScheme: theme });
    await page.goto('/help');
    const pictures = page.locator(`img[src$="-${theme}.png"]`);
    await expect(pictures).toHaveCount(9);
    for (const picture of await pictures.all()) {
      await picture.scrollIntoViewIfNeeded();
      await expect(picture).toBeVisible();
      await expect(picture).toHaveJSProperty('complete', true);
      const real = await picture.evaluate((image) => {
        const { naturalWidth, naturalHeight } = image as unknown as Record<string, number>;
        return [String(naturalWidth), String(naturalHeight)];
      });
      const kept = [await picture.getAttribute('width'), await picture.getAttribute('height')];
      expect(kept, (await picture.getAttribute('src')) ?? '').toEqual(real);
    }
  });

  test('answers more than ten questions, by keyboard', async () => {
    const page = await visit(browser, server.url);
    await page.goto('/help#questions');
    const questions = page.getByRole('region', { name: 'Questions and answers' }).locator('details');
    const first = questions.first();
    await expect(first).toBeVisible();
    expect(await questions.count()).toBeGreaterThan(10);
    await first.locator('summary').focus();
    await page.keyboard.press('Enter');
    await expect(first.locator('p')).toBeVisible();
    await expect(page.getByRole('region', { name: 'Troubleshooting' }).locator('summary')).not.toHaveCount(0);
  });
});

test.runIf(process.env['UPDATE_SCREENSHOTS'] === '1').each(['light', 'dark'] as const)(
  'updates the pictures of the help page, in %s',
  async (theme) => {
    const page = await visit(browser, server.url, { viewport: WIDE, colorScheme: theme });
    const keep = (name: string, place: Page | Locator) =>
      place.screenshot({ path: join(PICTURES, `${name}-${theme}.png`) });

    await page.setViewportSize({ width: 520, height: 620 });
    await page.goto('/sign-up');
    await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible();
    await keep('sign-up', page);
    await page.setViewportSize(WIDE);
    await signUp(page, newAccount('Grace'));
    for (const [title, priority] of [
      ['Book the train to Vienna', 'Low'],
      ['Water the plants', 'None'],
      ['Call the printer about the brochure', 'Medium'],
      ['Send the invoices', 'Urgent'],
      ['Prepare the slides for the board', 'High'],
    ] as const) {
      await addTask(page, title);
      if (priority === 'None') continue;
      await page.getByRole('button', { name: `Edit “${title}”` }).click();
      await page.getByRole('dialog').getByLabel('Priority').selectOption(priority);
      if (priority === 'High')
        await page.getByRole('dialog').getByLabel('Status').selectOption('In progress');
      await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click();
      await expect(page.getByRole('dialog')).toBeHidden();
    }
    await page.getByRole('checkbox', { name: 'Complete “Water the plants”' }).click();
    await expectStatistics(page, { total: 5, pending: 4, completed: 1, shared: 0 });
    await page.reload();
    await expectStatistics(page, { total: 5, pending: 4, completed: 1, shared: 0 });
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Send the invoices' }),
    ).toBeVisible();
    await keep('numbers', page.getByRole('region', { name: 'Statistics' }));
    await keep('tasks', page.getByRole('region', { name: 'Your tasks' }));
    await page.getByRole('button', { name: 'Insights' }).click();
    await keep('panels', page.getByRole('complementary', { name: 'Insights' }));
    await page.getByRole('button', { name: 'Insights' }).click();
    await page.getByRole('button', { name: 'Edit “Send the invoices”' }).click();
    await keep('edit', page.getByRole('dialog'));
    await page.keyboard.press('Escape');

    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await expect(
      page.getByRole('main').getByRole('listitem').filter({ hasText: 'Send the invoices' }),
    ).toBeVisible();
    await page.evaluate('window.scrollTo(0, 0)');
    await keep('phone', page);
    const busy = await visit(browser, server.url, { viewport: WIDE, colorScheme: theme });
    const hedy = newAccount('Hedy');
    await signUp(busy, hedy);
    await expectStatistics(busy, { total: 0, pending: 0, completed: 0, shared: 0 });
    const { id } = await db.user.findUniqueOrThrow({ where: { email: hedy.email } });
    await plantMonths(db, id);
    await busy.goto('/history?days=90');
    await expect(busy.getByText(/^\d+ of \d+ completed/)).toBeVisible();
    await keep('history', busy.getByRole('region', { name: 'Burn-up', exact: true }));
    await page.setViewportSize(WIDE);
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await keep('live', page.getByRole('banner'));
    await server.stop();
    await expect(page.getByText(/^Reconnecting in/)).toBeVisible();
    await keep('connection', page.locator('.trouble'));
    server = await startTestServer(databaseUrl, { PORT: new URL(server.url).port });
  },
);
