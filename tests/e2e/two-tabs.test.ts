import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';
import { expect, openDashboard, signIn, signOut } from '../kit/visitor.ts';

const { url, people } = await startWorld();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const TITLES = '{ tasks(first: 10) { nodes { title } } }';

/** Two tabs of one browser, both on this person's dashboard. */
async function twoTabs({ email }: Person): Promise<[Page, Page]> {
  const first = await openDashboard(browser, url, { email, password: PASSWORD });
  const second = await first.context().newPage();
  await second.goto('/');
  await expect(second.locator('[data-connection]')).toHaveText('Live');
  return [first, second];
}

/** Signs in like GraphiQL: the earlier session continues, and no page is notified. */
async function signInUnseen(page: Page, { email }: Person): Promise<void> {
  await page.evaluate(
    async (input) => {
      const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }';
      const body = JSON.stringify({ query, variables: { input } });
      await fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    },
    { email, password: PASSWORD },
  );
}

describe('[BR-20] a person with two tabs, when one tab signs in as another person (TWO-TABS)', () => {
  test('sees the other person in both once the first session has ended', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    await ada.createTask('Water the plants');
    const [first, second] = await twoTabs(ada);
    await expect(second.getByText('Water the plants')).toBeVisible();

    await signOut(first);
    await signIn(first, { email: bob.email, password: PASSWORD });
    await expect(second.getByRole('button', { name: 'Account: Bob' })).toBeVisible();
    await expect(second.getByText('Water the plants')).toHaveCount(0);
  });

  test('adds nothing to the other account, and gets their draft back', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const [first, second] = await twoTabs(ada);
    await signInUnseen(first, bob);

    await second.getByRole('textbox', { name: 'New task' }).fill('Only for Ada');
    await second.getByRole('button', { name: 'Add task' }).click();
    await expect(second.getByText('This browser is now signed in to another account.')).toBeVisible();
    await expect(second.getByRole('button', { name: 'Account: Bob' })).toBeVisible();
    await expect(second.getByRole('textbox', { name: 'New task' })).toHaveValue('');
    for (const person of [ada, bob])
      await expect.poll(() => person.query(TITLES)).toEqual({ tasks: { nodes: [] } });

    await signInUnseen(first, ada);
    await second.reload();
    await expect(second.getByRole('textbox', { name: 'New task' })).toHaveValue('Only for Ada');
  });

  test('sees the other person after a network failure', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const [first, second] = await twoTabs(ada);
    await second.context().setOffline(true);
    await expect(second.locator('[data-connection]')).not.toHaveText('Live');
    await second.context().setOffline(false);
    await signInUnseen(first, bob);
    await second.context().setOffline(true);
    await second.context().setOffline(false);
    await expect(second.getByRole('button', { name: 'Account: Bob' })).toBeVisible();
  });
});
