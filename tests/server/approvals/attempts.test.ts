import { afterEach, describe, expect, test, vi } from 'vitest';
import { deleteOldApprovals } from '../../../server/log/retention.ts';
import { agentOf, toolCall } from '../../kit/agent.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import {
  APPROVE,
  asked,
  exists,
  failure,
  PENDING,
  programOf,
  REFUSE,
  STATE,
  waitMinutes,
} from '../../kit/approvals.ts';
import { browserOf } from '../../kit/browser-session.ts';
import { raw } from '../../kit/raw-request.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld();
const { url, people, db } = world;

afterEach(() => {
  vi.useRealTimers();
});

describe('[BR-13] a client deletes nothing that', () => {
  test('answers its own elicitation', async () => {
    const { ada } = await people('Ada');
    const id = await ada.createTask('Plan');
    const { call } = await agentOf(ada, url, { onPage: () => Promise.resolve() });
    expect(await failure(call('delete_tasks', { ids: [id] }))).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    });
    expect(await exists(id, ada)).toBe(true);
  });

  test('sends what a confirmation would contain', async () => {
    const { ada, agent, id, approvalId } = await asked(world);
    for (const more of [
      {
        inputResponses: { confirm: { action: 'accept', content: { confirm: true } } },
        requestState: approvalId,
      },
      { _meta: { approved: true } },
    ]) {
      const message = toolCall('delete_tasks', { ids: [id] }, { authorization: `Bearer ${agent.token}` });
      const body = JSON.parse(message.body) as { params: object };
      const sent = { ...body, params: { ...body.params, ...more } };
      const { text } = await raw(`${url}/mcp`, { ...message, body: JSON.stringify(sent) });
      expect(text).not.toContain('deletedTaskIds');
    }
    expect(
      await failure(agent.call('delete_tasks', { ids: [id], approvalId, confirmed: true })),
    ).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await exists(id, ada)).toBe(true);
  });

  test('approves with its own token, the bearer of an application or the token of a session', async () => {
    const { ada, agent, id, approvalId } = await asked(world);
    const program = await programOf(world, ada);
    const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
    for (const credential of [agent.token, token, program.token, ada.token]) {
      const headers = { authorization: `Bearer ${credential}` };
      for (const decision of [APPROVE, REFUSE]) {
        const { code } = await failure(world.query(decision, { id: approvalId }, headers));
        expect(['FORBIDDEN', 'UNAUTHENTICATED']).toContain(code);
      }
    }
    const inside = { query: `mutation { approve(input: { id: "${approvalId}" }) { cursor } }` };
    expect(await failure(agent.call('query', inside))).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await exists(id, ada)).toBe(true);
  });

  test('sends the cookie of the browser along with its token', async () => {
    const { ada, browser, agent, id, approvalId } = await asked(world);
    const headers = { authorization: `Bearer ${agent.token}`, cookie: browser.cookie, origin: url };
    expect(await failure(world.query(APPROVE, { id: approvalId }, headers))).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await exists(id, ada)).toBe(true);
  });

  test('waits 11 minutes', async () => {
    const { ada, browser, id, approvalId } = await asked(world);
    waitMinutes(11);
    expect(await ada.query(STATE, { id: approvalId })).toMatchObject({ approval: { status: 'EXPIRED' } });
    expect(await browser.query(PENDING)).toMatchObject({ viewer: { approvals: { totalCount: 0 } } });
    expect(await failure(browser.query(APPROVE, { id: approvalId }))).toMatchObject({
      code: 'CONFLICT',
      message: 'This has expired. The agent can ask again.',
    });
    expect(await exists(id, ada)).toBe(true);
    waitMinutes(25 * 60);
    expect(await deleteOldApprovals(db)).toBeGreaterThan(0);
    expect(await failure(ada.query(STATE, { id: approvalId }))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('changes the arguments: each request has its own approval, and no approval gives another', async () => {
    const { ada, browser, agent, id, approvalId } = await asked(world);
    const other = await ada.createTask('Keep this');
    const second = await failure(agent.call('delete_tasks', { ids: [id, other] }));
    expect(second.approvalId).not.toBe(approvalId);
    await browser.query(APPROVE, { id: approvalId });
    expect(await exists(id, ada)).toBe(false);
    expect(await exists(other, ada)).toBe(true);
    // One of its tasks is gone.
    expect(await failure(browser.query(APPROVE, { id: second.approvalId }))).toMatchObject({
      code: 'CONFLICT',
    });
    expect(await exists(other, ada)).toBe(true);
  });

  test('changes the task after it asked', async () => {
    const { ada, browser, agent, id, approvalId } = await asked(world);
    await agent.call('update_tasks', { tasks: [{ id, title: 'Something else' }] });
    expect(await failure(browser.query(APPROVE, { id: approvalId }))).toMatchObject({
      code: 'CONFLICT',
      message: 'This was not done: since it was asked for, a task has changed.',
    });
    expect(await ada.query(STATE, { id: approvalId })).toMatchObject({ approval: { status: 'STALE' } });
    expect(await exists(id, ada)).toBe(true);
  });

  test('belongs to another person', async () => {
    const { ada, id, approvalId } = await asked(world);
    const { eve } = await people('Eve');
    const browser = await browserOf(world, eve);
    for (const decision of [APPROVE, REFUSE])
      expect(await failure(browser.query(decision, { id: approvalId }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure(eve.query(STATE, { id: approvalId }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await exists(id, ada)).toBe(true);
  });

  test('was disconnected before the decision', async () => {
    const { ada, browser, id, approvalId } = await asked(world);
    const { viewer } = await ada.query<{ viewer: { apiTokens: { nodes: { id: string }[] } } }>(
      '{ viewer { apiTokens { nodes { id } } } }',
    );
    for (const token of viewer.apiTokens.nodes)
      await ada.query('mutation ($id: ID!) { revokeApiToken(input: { id: $id }) { cursor } }', {
        id: token.id,
      });
    expect(await failure(browser.query(APPROVE, { id: approvalId }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await exists(id, ada)).toBe(true);
  });
});
