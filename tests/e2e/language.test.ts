import type { Browser, Page } from '@playwright/test';
import { beforeAll, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { expect, expectAccessible, visit } from '../kit/visitor.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const world = await startWorld();
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** Common words of English that German does not have. */
const english =
  /\b(the|and|your|you|with|for|task|tasks|open|completed|add|edit|delete|settings|help|sign|password|show|more|today|shared|due|overdue|save|cancel|no|yet|of|from|this)\b/i;

/** The words of a page, with its labels, without what people and programs wrote. */
async function wordsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const hidden = 'script, style, noscript, code, bdi, select[autocomplete], option[lang], [data-foreign]';
    const texts: string[] = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (!node.parentElement?.closest(hidden)) texts.push(node.textContent ?? '');
    for (const element of document.querySelectorAll('*'))
      for (const name of ['aria-label', 'title', 'alt', 'placeholder', 'aria-valuetext'])
        texts.push(element.getAttribute(name) ?? '');
    return texts.map((text) => text.trim()).filter(Boolean);
  });
}

async function expectGerman(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  const found = await wordsOf(page);
  // Time zones, filters as text and commands have English names.
  const isZone = (text: string) => /^\w+\/\w/.test(text);
  const withoutFilters = (text: string) => text.replaceAll(/\w+:\S+|\/\w+/g, '');
  expect(found.filter((text) => english.test(withoutFilters(text)) && !isZone(text))).toEqual([]);
}

test('a person with a German browser does their day in German, and changes the language', async () => {
  const page = await visit(browser, world.url, { locale: 'de-AT' });
  // On an empty server.
  await expect(page.getByText('noch keine Konten')).toBeVisible();
  await expectGerman(page);
  await expectAccessible(page);
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('E-Mail').fill('ada.german@example.org');
  await page.getByLabel('Passwort', { exact: true }).fill(PASSWORD);
  await expectGerman(page);
  await page.getByRole('button', { name: 'Konto erstellen' }).click();

  await page.getByRole('textbox', { name: 'Neue Aufgabe' }).fill('Blumen 1');
  await page.getByRole('button', { name: 'Aufgabe hinzufügen' }).click();
  await expect(page.getByRole('status').getByText('„Blumen 1“ hinzugefügt')).toBeVisible();
  await page.getByRole('button', { name: 'Details' }).click();
  await page.getByRole('button', { name: 'Filter' }).click();
  await expectGerman(page);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Blumen 1' }).click();
  await expect(page.getByText('Du: die Aufgabe erstellt')).toBeVisible();
  await expectGerman(page);
  await page.goto('/');
  await page.getByRole('checkbox', { name: '„Blumen 1“ erledigen' }).click();
  await expect(page.getByText('„Blumen 1“ erledigt')).toBeVisible();

  for (const path of [
    '/history',
    '/teams',
    '/conversations',
    '/activity',
    '/activity/agents',
    '/trash',
    '/views',
    '/help',
    '/t/unknown',
    '/nowhere',
    '/settings',
  ]) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    await expectGerman(page);
    await expectAccessible(page);
  }

  await page.getByLabel('Sprache').selectOption('English');
  await page.getByRole('button', { name: 'Speichern', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await page.getByLabel('Language').selectOption('Deutsch');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible();
  await expectGerman(page);
});
