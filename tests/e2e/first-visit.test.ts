import { randomUUID } from 'node:crypto';
import type { Browser } from '@playwright/test';
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

test('the sign-in page logs no errors in the console (CORS-DOC)', async () => {
  const page = await visit(browser, server.url);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  const asked = page.waitForResponse((response) => response.url().endsWith('/api/auth/get-session'));
  const answer = await page.goto('/sign-in');
  await asked;
  await page.waitForLoadState('networkidle');
  expect(errors).toEqual([]);
  expect(answer?.headers()['content-security-policy']).toContain("frame-ancestors 'none'");
  await expect(page.locator('meta[http-equiv]')).toHaveCount(0);
});

test('the sign-in page redirects a signed-in person back', async () => {
  const page = await visit(browser, server.url);
  const email = `ada.${randomUUID().slice(0, 8)}@example.com`;
  await signUp(page, { name: 'Ada', email, password: 'correct horse battery' });
  await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  await page.goto('/sign-in?next=%2Fsettings');
  await expect(page).toHaveURL(`${server.url}/settings`);
});
