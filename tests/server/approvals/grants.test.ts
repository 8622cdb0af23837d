import { afterEach, describe, expect, test, vi } from 'vitest';
import { agentOf } from '../../kit/agent.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { failure, GRANT, waitMinutes } from '../../kit/approvals.ts';
import { browserOf, type BrowserSession } from '../../kit/browser-session.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld();
const { url, people, db } = world;

const MINUTE_MS = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

describe('[BR-13] a person lets an agent delete without asking', () => {
  async function granted(browser: BrowserSession, id: string, days: number | null) {
    const until = days === null ? null : new Date(Date.now() + days * 24 * 60 * MINUTE_MS).toISOString();
    await browser.query(GRANT, { input: { id, until } });
  }

  test('until a time, and no other change; and ends it', async () => {
    const { ada } = await people('Ada');
    const browser = await browserOf(world, ada);
    const { call } = await agentOf(ada, url);
    const { viewer } = await ada.query<{ viewer: { apiTokens: { nodes: [{ id: string }] } } }>(
      '{ viewer { apiTokens { nodes { id } } } }',
    );
    const [{ id: token }] = viewer.apiTokens.nodes;
    await granted(browser, token, 1);
    const [first, second, third] = await Promise.all(['1', '2', '3'].map((title) => ada.createTask(title)));
    expect(await call('delete_tasks', { ids: [first] })).toMatchObject({ deletedTaskIds: [first] });
    expect(await failure(call('share_task', { taskId: second, email: 'x@example.com' }))).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    });
    await granted(browser, token, null);
    const waits = { code: 'CONFIRMATION_REQUIRED' };
    expect(await failure(call('delete_tasks', { ids: [second] }))).toMatchObject(waits);
    await granted(browser, token, 1);
    waitMinutes(25 * 60);
    expect(await failure(call('delete_tasks', { ids: [third] }))).toMatchObject(waits);
    const events = await db.event.findMany({
      where: { kind: 'apiToken.grantChanged' },
      orderBy: { sequence: 'asc' },
    });
    expect(events.map(({ data }) => (data as { until: string | null }).until === null)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('for at most 30 days, and only in a browser, for their own', async () => {
    const { ada, eve } = await people('Ada', 'Eve');
    const { token, id } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
    const until = new Date(Date.now() + MINUTE_MS).toISOString();
    for (const credential of [ada.token, token]) {
      const headers = { authorization: `Bearer ${credential}` };
      expect(await failure(world.query(GRANT, { input: { id, until } }, headers))).toMatchObject({
        code: 'FORBIDDEN',
      });
    }
    const others = await browserOf(world, eve);
    expect(await failure(others.query(GRANT, { input: { id, until } }))).toMatchObject({ code: 'NOT_FOUND' });
    const browser = await browserOf(world, ada);
    await expect(granted(browser, id, 31)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
