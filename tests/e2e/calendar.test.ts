import type { Browser, BrowserContextOptions, Locator, Page } from '@playwright/test';
import { beforeAll, expect as expectValue, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { teamOf } from '../kit/team.ts';
import { expect, expectAccessible, openDashboard } from '../kit/visitor.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function calendarOf(
  { email }: Person,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await openDashboard(browser, world.url, { email, password: PASSWORD }, options);
  await page.goto(world.url + address);
  await expect(page.getByRole('grid')).toBeVisible();
  return page;
}

const dayOf = (page: Page, name: string) => page.getByRole('gridcell', { name: new RegExp(`\\b${name}`) });
const undated = (page: Page) => page.getByRole('region', { name: 'No due date' });
const chip = (page: Page, title: string) => page.getByRole('main').getByRole('link', { name: title });

async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
  await from.scrollIntoViewIfNeeded();
  const [start, end] = [await from.boundingBox(), await to.boundingBox()];
  if (!start || !end) throw new Error('The task or the day is not visible');
  await page.mouse.move(start.x + 30, start.y + 8);
  await page.mouse.down();
  await page.mouse.move(start.x + 40, start.y + 16, { steps: 3 });
  await page.mouse.move(end.x + 30, end.y + 40, { steps: 5 });
}

async function dueOf(person: Person, title: string): Promise<string | null | undefined> {
  const { tasks } = await person.query<{ tasks: { nodes: { dueOn: string | null }[] } }>(
    'query ($text: String) { tasks(filterText: $text) { nodes { dueOn } } }',
    { text: `title:"${title}"` },
  );
  return tasks.nodes[0]?.dueOn;
}

test('a task gets its day by mouse and by keyboard, and others see it live', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'VIEWER']]);
  await ada.createTask('Order paper', { teamId: team.id });
  await ada.createTask('Call the printer', { teamId: team.id, dueOn: '2031-03-05' });
  const address = `/?source=${team.id}&layout=month&day=2031-03-10`;
  const [adas, bobs] = [await calendarOf(ada, address), await calendarOf(bob, address)];
  await expect(undated(bobs).getByRole('link')).toHaveText([/Order paper/]);

  await drag(adas, chip(adas, 'Order paper'), dayOf(adas, '12 March'));
  await expect(dayOf(adas, '12 March')).toHaveClass(/target/);
  // A change by another person does not move the days below the pointer.
  await ada.createTask('Meanwhile', { teamId: team.id, dueOn: '2031-03-12' });
  await expect(chip(bobs, 'Meanwhile')).toBeVisible();
  await expect(chip(adas, 'Meanwhile')).toBeHidden();
  await adas.mouse.up();
  await expect(dayOf(adas, '12 March').getByRole('link')).toHaveCount(2);
  await expect(dayOf(bobs, 'Wednesday, 12 March 2031, 2 tasks').getByRole('link')).toHaveCount(2);
  await expect(undated(bobs).getByRole('link')).toHaveCount(0);
  expectValue(await dueOf(ada, 'Order paper')).toBe('2031-03-12');

  await chip(adas, 'Call the printer').focus();
  await adas.keyboard.press('Space');
  await expect(adas.getByRole('status').filter({ hasText: 'Picked up “Call the printer”' })).toBeAttached();
  await adas.keyboard.press('ArrowRight');
  await adas.keyboard.press('ArrowDown');
  await expect(adas.getByRole('status').filter({ hasText: '13 March' })).toBeAttached();
  await adas.keyboard.press('Enter');
  await expect(dayOf(bobs, '13 March').getByRole('link')).toHaveText([/Call the printer/]);
  await expect(dayOf(adas, '13 March')).toBeFocused();
  await adas.keyboard.press('u');
  await expect(dayOf(bobs, '5 March').getByRole('link')).toHaveText([/Call the printer/]);

  await chip(adas, 'Call the printer').focus();
  await adas.keyboard.press('Space');
  await adas.keyboard.press('ArrowRight');
  await adas.keyboard.press('Escape');
  await expect(adas.getByText('Move cancelled.')).toBeAttached();
  // Over the end of the month, which is shown then.
  await chip(adas, 'Call the printer').focus();
  await adas.keyboard.press('Space');
  await adas.keyboard.press('PageDown');
  await adas.keyboard.press('PageDown');
  await expect(dayOf(adas, '5 May')).toBeFocused();
  await adas.keyboard.press('Enter');
  await expect(dayOf(adas, '5 May').getByRole('link')).toHaveText([/Call the printer/]);
  await expect.poll(() => new URL(adas.url()).searchParams.get('day')).toBe('2031-05-05');
  await chip(adas, 'Call the printer').focus();
  await adas.keyboard.press('Space');
  await adas.keyboard.press('Delete');
  await expect(undated(bobs).getByRole('link')).toHaveText([/Call the printer/]);

  await chip(bobs, 'Meanwhile').focus();
  await bobs.keyboard.press('Space');
  await expect(bobs.getByText('You can view “Meanwhile”, but not change it.')).toBeVisible();
});

test('a busy day opens as a list, where a task is added to it, and the address holds the month', async () => {
  const { ada } = await people('Ada');
  for (let n = 1; n <= 5; n++) await ada.createTask(`Errand ${n}`, { dueOn: '2031-03-05' });
  const page = await calendarOf(ada, '/?layout=month&day=2031-02-01');
  await expect(page.getByRole('heading', { name: 'February 2031' })).toBeVisible();
  await page.getByRole('button', { name: 'Next month' }).click();
  await expect(page.getByRole('heading', { name: 'March 2031' })).toBeVisible();
  await expect.poll(() => new URL(page.url()).searchParams.get('day')).toBe('2031-03-01');
  await page.reload();
  await expect(dayOf(page, '5 March').getByRole('link')).toHaveCount(3);
  await expectAccessible(page);
  await dayOf(page, '5 March').getByRole('button', { name: '+2 more' }).click();
  const dialog = page.getByRole('dialog', { name: 'Wednesday, 5 March 2031' });
  await expect(dialog.getByRole('link')).toHaveCount(5);
  await page.keyboard.type('Errand 6');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('link')).toHaveCount(6);
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(dayOf(page, 'Wednesday, 5 March 2031, 6 tasks')).toBeFocused();
  expectValue(await dueOf(ada, 'Errand 6')).toBe('2031-03-05');

  await page.keyboard.press('End');
  await expect(dayOf(page, 'Sunday, 9 March 2031')).toBeFocused();
  await page.keyboard.press('PageUp');
  await expect(dayOf(page, '9 February 2031')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByText('Week', { exact: true }).click();
  await expect(page.getByRole('heading', { name: /3\s?–\s?9 Feb 2031/ })).toBeVisible();
  await expect(page.getByRole('gridcell')).toHaveCount(7);
  await expectAccessible(page);
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Today' }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get('day')).toBe(null);
  await expect(page.locator('[aria-current="date"]')).toBeFocused();
});

test('the week begins as the person’s language has it, and a view keeps the calendar', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { dueOn: '2031-03-05' });
  const page = await calendarOf(ada, '/?layout=month&day=2031-03-01', { locale: 'en-US' });
  await expect(page.getByRole('columnheader').first()).toHaveText('Sun');
  await page.getByRole('button', { name: 'Filters' }).click();
  await expect(page.getByRole('combobox', { name: 'Layout' }).locator('option:checked')).toHaveText(
    'Calendar',
  );
  await page.getByRole('button', { name: 'Save as view' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('What is due');
  await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click();
  await expect(page.getByRole('heading', { name: 'What is due' })).toBeVisible();
  await expect(page.getByRole('grid')).toBeVisible();
  await page.goto(`${page.url()}?layout=week&day=2031-03-05`);
  await expect(dayOf(page, '5 March').getByRole('link')).toHaveText([/Order paper/]);
});

test('on a phone, a week is a list of days between which a finger moves tasks', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Order paper', { dueOn: '2031-03-03' });
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const page = await calendarOf(ada, '/?layout=month&day=2031-03-03', phone);
  await expect(chip(page, 'Order paper')).toBeHidden();
  await page.getByRole('button', { name: 'Monday, 3 March 2031, 1 task' }).tap();
  await expect(page.getByRole('dialog').getByRole('link')).toHaveText([/Order paper/]);
  await page.keyboard.press('Escape');
  await expectAccessible(page);
  await page.getByText('Week', { exact: true }).tap();
  await expect(chip(page, 'Order paper')).toBeVisible();
  const [from, to] = [
    await chip(page, 'Order paper').boundingBox(),
    await dayOf(page, '4 March').boundingBox(),
  ];
  if (!from || !to) throw new Error('The task or the day is not visible');
  const finger = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y?: number) =>
    finger.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: y === undefined ? [] : [{ x: from.x + 40, y }],
    });
  await touch('touchStart', from.y + 10);
  await expect(page.locator('[data-dragged]')).toBeVisible();
  await touch('touchMove', from.y + 30);
  await touch('touchMove', to.y + 20);
  await expect(dayOf(page, '4 March')).toHaveClass(/target/);
  await touch('touchEnd');
  await expect(dayOf(page, '4 March').getByRole('link')).toHaveText([/Order paper/]);
  await expect.poll(() => dueOf(ada, 'Order paper')).toBe('2031-03-04');
  await expectAccessible(page);
});
