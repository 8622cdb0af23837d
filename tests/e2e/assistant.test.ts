import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { calls, fails, pauses, says, startModelEndpoint } from '../kit/model-endpoint.ts';
import { expect, expectAccessible, openDashboard, OUTPUT } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type World } from '../kit/world.ts';

const endpoint = await startModelEndpoint();
const plain = await startWorld();
const world = await startWorld({ AI_BASE_URL: endpoint.url, AI_MODEL: 'small' });
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function open(of: World) {
  const { ada } = await of.people('Ada');
  const page = await openDashboard(browser, of.url, { ...ada, password: PASSWORD });
  return { ada, page };
}

async function ask(page: Page, text: string) {
  await page.getByRole('textbox', { name: 'New message' }).fill(text);
  await page.keyboard.press('Enter');
}

async function pictures(page: Page, name: string) {
  for (const [width, height] of [
    [390, 844],
    [1280, 800],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(OUTPUT, `assistant-${name}-${width}-${colorScheme}.png`) });
    }
  await page.emulateMedia({ colorScheme: 'light' });
}

test('without a model, the page says so, and commands that a slash suggests do the work', async () => {
  const { ada, page } = await open(plain);
  await page.goto('/history');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Assistant' }).click();
  await expect(page.getByText('No language model is set up on this server')).toBeVisible();
  await expectAccessible(page);
  const field = page.getByRole('textbox', { name: 'New message' });
  await field.pressSequentially('/a');
  await expect(page.getByRole('option')).toHaveCount(1);
  await field.press('Enter');
  await expect(field).toHaveValue('/add ');
  await field.pressSequentially('buy milk tomorrow !high');
  await field.press('Enter');
  const log = page.getByRole('log', { name: 'Messages' });
  await expect(log.getByText('Created 1 task')).toBeVisible();
  await ada.createTask('Water the plants');
  await ask(page, '/list');
  await expect(log.getByText('Listed 2 tasks')).toBeVisible();
  await ask(page, '/delete 2');
  const item = log.getByRole('listitem').filter({ hasText: 'Move a task to the trash' }).last();
  await expect(item).toContainText('The assistant asked for this');
  await expectAccessible(page);
  await pictures(page, 'commands');
  await page.getByRole('button', { name: 'Approve: Move a task to the trash' }).click();
  await expect(log.getByText('approved', { exact: true })).toBeVisible();
  const { tasks } = await ada.query<{ tasks: object }>('query { tasks { nodes { title } } }');
  expect(tasks).toEqual({ nodes: [{ title: 'buy milk' }] });
  await page.reload();
  await expect(log.getByText('approved', { exact: true })).toBeVisible();
  await log.getByRole('link', { name: 'buy milk' }).first().click();
  await expect(page).toHaveURL(/\/t\/task_/);
});

describe('with a model', () => {
  test('the reply grows on the page, with what the assistant did, and can be stopped', async () => {
    const { page } = await open(world);
    await page.goto('/assistant');
    const log = page.getByRole('log', { name: 'Messages' });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    endpoint.answerWith(
      calls('create_tasks', { tasks: [{ title: 'Order seeds' }] }),
      pauses('I added **Order seeds**', promise, ' to your list.'),
    );
    await ask(page, 'We need seeds');
    await expect(log.getByText('I added Order seeds')).toBeVisible();
    await expect(log.getByText('The assistant is writing…')).toBeVisible();
    await expect(log.getByRole('link', { name: 'Order seeds' })).toBeVisible();
    await pictures(page, 'writing');
    resolve(undefined);
    await expect(log.getByText('I added Order seeds to your list.')).toBeVisible();
    await expect(log.getByText('The assistant is writing…')).toBeHidden();

    endpoint.answerWith(pauses('Once upon a time', new Promise(() => undefined), ''));
    await ask(page, 'Tell me a story');
    await expect(log.getByText('Once upon a time')).toBeVisible();
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(page.getByRole('button', { name: 'Stop' })).toBeHidden();
    await expect(log.getByText('Once upon a time')).toBeVisible();
    await expectAccessible(page);
  });

  test('a failure says what happened, and can be tried again', async () => {
    const { page } = await open(world);
    await page.goto('/assistant');
    endpoint.answerWith(fails(401));
    await ask(page, 'Help');
    await expect(page.getByText('The language model failed')).toBeVisible();
    await expectAccessible(page);
    await pictures(page, 'failed');
    endpoint.answerWith(says('Here I am.'));
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('Here I am.')).toBeVisible();
    await expect(page.getByText('The language model failed')).toBeHidden();
  });
});
