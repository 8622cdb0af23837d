import { randomUUID } from 'node:crypto';
import type { Browser } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { freshDatabase } from '../kit/database.ts';
import { startTestServer, type TestServer } from '../kit/server.ts';
import { expect, signUp, visit } from '../kit/visitor.ts';

let databaseUrl: string;
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  databaseUrl = await freshDatabase();
  [server, browser] = await Promise.all([startTestServer(databaseUrl), launchBrowser()]);
  return async () => {
    await browser.close();
    await server.stop();
  };
});

test('the first visitor of a new server is asked to create an account (M13)', async () => {
  const page = await visit(browser, server.url);
  await expect(page.getByText('This server has no accounts yet')).toBeVisible();
  await expect(page.getByRole('img', { name: 'The list of tasks, in sections by due date' })).toBeVisible();
  await signUp(page, { name: 'Eve', email: 'eve@example.com', password: 'correct horse battery' });
  await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
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

test('a visitor is told how to get an account where sign-ups are closed', async () => {
  const closed = await startTestServer(databaseUrl, { SIGN_UPS: 'closed' });
  try {
    const page = await visit(browser, closed.url);
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Create an account' })).toHaveCount(0);
    await page.goto('/sign-up');
    await expect(page.getByText('Ask its administrator for an account')).toBeVisible();
  } finally {
    await closed.stop();
  }
});

test('the sign-in page redirects a signed-in person back', async () => {
  const page = await visit(browser, server.url);
  const email = `ada.${randomUUID().slice(0, 8)}@example.com`;
  await signUp(page, { name: 'Ada', email, password: 'correct horse battery' });
  await expect(page.getByRole('textbox', { name: 'New task' })).toBeVisible();
  await page.goto('/sign-in?next=%2Fsettings');
  await expect(page).toHaveURL(`${server.url}/settings`);
});

test('a person can install the page like an application', async () => {
  const page = await visit(browser, server.url);
  const devtools = await page.context().newCDPSession(page);
  const { url, errors } = await devtools.send('Page.getAppManifest');
  expect(url).toBe(`${server.url}/manifest.webmanifest`);
  expect(errors).toEqual([]);
  const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
  // Contexts of tests are private windows.
  expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito']);
});
