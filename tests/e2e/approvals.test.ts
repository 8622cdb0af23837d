import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { agentOf } from '../kit/agent.ts';
import { launchBrowser } from '../kit/browser.ts';
import { expect, expectAccessible, openDashboard, OUTPUT } from '../kit/visitor.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const world = await startWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function withAgent() {
  const { ada } = await world.people('Ada');
  const page = await openDashboard(browser, world.url, { ...ada, password: PASSWORD });
  const { call } = await agentOf(ada, world.url);
  const ask = (tool: string, input: object) =>
    call<Record<string, unknown>>(tool, input).then(
      () => '',
      (error: unknown) => (error as { details: { approvalId: string } }).details.approvalId,
    );
  const stateOf = async (id: string) => {
    const { data } = await call<{ data: { approval: { status: string } } }>('query', {
      query: `{ approval(id: "${id}") { status } }`,
    });
    return data.approval.status;
  };
  return { ada, page, call, ask, stateOf };
}

describe('[BR-13] an agent asks to delete a task, and its person', () => {
  test('sees it on the page at once, approves it, and the agent reads the result', async () => {
    const { ada, page, call, ask, stateOf } = await withAgent();
    const title = '<b>Water</b> the plants <script>document.title = "taken"</script>';
    const id = await ada.createTask(title);
    const approval = await ask('delete_tasks', { ids: [id] });
    const banner = page.getByText('An agent waits for your approval.');
    await expect(banner).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Review' }).click();
    const item = page.getByRole('listitem').filter({ hasText: 'Move a task to the trash' });
    await expect(item).toContainText('An agent with the API token “a script”');
    // Shown as text.
    await expect(item.getByRole('link', { name: title })).toBeVisible();
    await expect(page).toHaveTitle('Approvals · Taskwire');
    await expectAccessible(page);
    for (const [width, height] of [
      [390, 844],
      [1280, 800],
    ] as const)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(OUTPUT, `approvals-${width}-${colorScheme}.png`) });
      }
    expect(await stateOf(approval)).toBe('PENDING');
    const approve = page.getByRole('button', { name: /^Approve/ });
    await expect(approve).toHaveAttribute('aria-disabled', 'false');
    await approve.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Nothing waits for your approval.')).toBeVisible();
    expect(await stateOf(approval)).toBe('APPROVED');
    expect(await call('delete_tasks', { ids: [id] })).toMatchObject({ deletedTaskIds: [id] });
  });

  test('refuses it, and the task stays', async () => {
    const { ada, page, ask, stateOf } = await withAgent();
    const id = await ada.createTask('Keep this');
    const approval = await ask('delete_tasks', { ids: [id] });
    await page.getByRole('link', { name: 'Review' }).click();
    const refuse = page.getByRole('button', { name: /^Refuse/ });
    await expect(refuse).toHaveAttribute('aria-disabled', 'false');
    await refuse.click();
    await expect(page.getByText('Refused. Nothing was changed.')).toBeVisible();
    expect(await stateOf(approval)).toBe('REFUSED');
    await page.goto('/');
    await expect(page.getByText('Keep this')).toBeVisible();
  });

  test('cannot approve by a click that was meant for something else', async () => {
    const { ada, page, ask, stateOf } = await withAgent();
    await page.goto('/approvals');
    await expect(page.getByText('Nothing waits for your approval.')).toBeVisible();
    const id = await ada.createTask('Keep this');
    // Clicks as soon as the button appears.
    await page.evaluate(() => {
      new MutationObserver((_, observer) => {
        const button = document.querySelector<HTMLButtonElement>('button[aria-label^="Approve"]');
        if (!button) return;
        observer.disconnect();
        button.click();
      }).observe(document.body, { childList: true, subtree: true });
    });
    const approval = await ask('delete_tasks', { ids: [id] });
    await expect(page.getByRole('button', { name: /^Approve/ })).toHaveAttribute('aria-disabled', 'false');
    expect(await stateOf(approval)).toBe('PENDING');
  });
});

test('[BR-13] a person approves a share, and gets the link for its receiver', async () => {
  const { ada, page, ask } = await withAgent();
  const taskId = await ada.createTask('Plan');
  await ask('share_task', { taskId, email: 'new@example.com', permission: 'EDIT' });
  await page.getByRole('link', { name: 'Review' }).click();
  const approve = page.getByRole('button', {
    name: 'Approve: Share a task with new@example.com, who can edit it',
  });
  await expect(approve).toHaveAttribute('aria-disabled', 'false');
  await approve.click();
  await expect(page.getByLabel('Link for new@example.com')).toHaveValue(/\/offer#/);
});

test('[BR-13] a person lets a token delete without asking in Settings, and ends it', async () => {
  const { ada, page, call, ask } = await withAgent();
  const [first, second] = await Promise.all([ada.createTask('One'), ada.createTask('Two')]);
  await page.goto('/settings');
  await page.getByRole('button', { name: /^Let agents delete without asking….*“a script”$/ }).click();
  await page.getByLabel('For').selectOption('1 day');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Allow deletions' }).click();
  await expect(page.getByText(/Can delete tasks without asking until/)).toBeVisible();
  expect(await call('delete_tasks', { ids: [first] })).toMatchObject({ deletedTaskIds: [first] });
  await page.getByRole('button', { name: 'Require approvals for deletions by “a script”' }).click();
  await expect(page.getByText(/Can delete tasks without asking until/)).toBeHidden();
  expect(await ask('delete_tasks', { ids: [second] })).toMatch(/^approval_/);
});
