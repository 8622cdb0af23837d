import { randomUUID } from 'node:crypto';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { freshDatabase } from '../kit/database.ts';
import { startTestServer, type TestServer } from '../kit/server.ts';
import { expect, signUp, visit } from '../kit/visitor.ts';

let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  const databaseUrl = await freshDatabase();
  [server, browser] = await Promise.all([startTestServer(databaseUrl), launchBrowser()]);
  return async () => {
    await browser.close();
    await server.stop();
  };
});

const editor = (page: Page) => page.locator('.graphiql-query-editor .monaco-editor').first();
const result = (page: Page) => page.locator('.graphiql-response .view-lines');
const run = (page: Page) => page.getByRole('button', { name: /^Execute query/ });

async function openExplorer(page: Page, operation?: string): Promise<void> {
  await page.goto(operation ? `/graphql?query=${encodeURIComponent(operation)}` : '/graphql');
  await expect(editor(page)).toBeVisible();
}

async function runExample(page: Page, name: string): Promise<void> {
  await run(page).click();
  await page.getByRole('menuitem', { name }).click();
}

test('a visitor runs the examples in the explorer, within the content security policy (H1)', async () => {
  const page = await visit(browser, server.url);
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  await openExplorer(page);
  await runExample(page, 'SignUp');
  await expect(result(page)).toContainText('"name": "Ada"');
  await runExample(page, 'MyWork');
  await expect(result(page)).toContainText('"totalCount": 0');
  await runExample(page, 'CreateTask');
  await expect(result(page)).toContainText('"title": "Water the plants"');
  await runExample(page, 'Follow');
  await expect(page.getByRole('button', { name: /^Stop query/ })).toBeVisible();
  await expect.poll(() => workers.some((url) => url.includes('/graphiql/'))).toBe(true);
});

test('a signed-in person finds a query of their work in the explorer, in lines that fit', async () => {
  const page = await visit(browser, server.url);
  const email = `ida.${randomUUID().slice(0, 8)}@example.com`;
  await signUp(page, { name: 'Ida', email, password: 'correct horse battery' });
  await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  await openExplorer(page);
  const lines = page.locator('.graphiql-query-editor .view-line');
  const widths = await lines.evaluateAll((all) => all.map((line) => line.scrollWidth - line.clientWidth));
  expect(Math.max(...widths)).toBe(0);
  await run(page).click();
  await expect(page.getByRole('menuitem')).toHaveText(['MyWork', 'CreateTask', 'Follow']);
  await page.getByRole('menuitem', { name: 'MyWork' }).click();
  await expect(result(page)).toContainText('"name": "Ida"');
});

test('a subscription in the explorer shows changes, authenticated by the cookie (H1)', async () => {
  const page = await visit(browser, server.url);
  const email = `grace.${randomUUID().slice(0, 8)}@example.com`;
  await signUp(page, { name: 'Grace', email, password: 'correct horse battery' });
  await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  await openExplorer(page, 'subscription Follow { events { event { kind } } }');
  await run(page).click();
  await expect(page.getByRole('button', { name: /^Stop query/ })).toBeVisible();
  await expect
    .poll(async () => {
      await page.request.post('/graphql', {
        headers: { origin: server.url },
        data: { query: 'mutation { createTask(input: { title: "Seen in the explorer" }) { cursor } }' },
      });
      return result(page).innerText();
    })
    .toContain('TASK_CREATED');
});

test('headers typed into the explorer survive a reload', async () => {
  const page = await visit(browser, server.url);
  await openExplorer(page, '{ viewer { name } }');
  await page.getByRole('button', { name: 'Headers' }).click();
  await page.locator('[data-uri$="-headers.json"]').first().click();
  await page.keyboard.type('{"authorization": "Bearer of-no-one"');
  await run(page).click();
  await expect(result(page)).toContainText('UNAUTHENTICATED');
  await page.waitForTimeout(1_000);
  await page.reload();
  await page.getByRole('button', { name: 'Headers' }).click();
  await expect(page.locator('[data-uri$="-headers.json"] .view-lines')).toContainText('of-no-one');
});
