import { beforeAll, describe, expect, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { giveShare } from '../../kit/shares.ts';
import { plantTasks } from '../../kit/tasks.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld({ RATE_LIMIT_POINTS: '0' });
const { people, db } = world;

let ada: Person;
let token: string;

function download(path: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) {
  return fetch(`${world.url}/export/${path}`, { headers });
}

beforeAll(async () => {
  const { ada: person, bob } = await people('Ada', 'Bob');
  ada = person;
  ({ token } = await apiTokenOf(ada, { scopes: ['READ'] }));
  await ada.createTask('=HYPERLINK("x")', { description: 'Two\nlines, "quoted"', labels: ['a', 'b'] });
  await ada.createTask('Ärger', { status: 'DONE', dueOn: '2026-12-01' });
  await bob.createTask('Hidden');
  await giveShare(bob, ada, await bob.createTask('Shared'));
});

describe('the export of tasks', () => {
  test('[FR-009] is CSV with what the person sees, safe for spreadsheets', async () => {
    const response = await download('tasks.csv?order=TITLE:ASC');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="tasks-[\d-]+\.csv"$/);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    const text = await response.text();
    expect(text.startsWith('Id,Title,Description,')).toBe(true);
    expect(text).toContain(`,"'=HYPERLINK(""x"")","Two\nlines, ""quoted""",TODO,NONE,,"a, b",Ada,`);
    expect(text).toContain('Ärger');
    expect(text).toContain('Shared');
    expect(text).not.toContain('Hidden');
    expect(text.endsWith('\r\n')).toBe(true);
  });

  test('has a byte order mark on request, and only the tasks of the filter', async () => {
    const filter = encodeURIComponent('status:done');
    const bytes = new Uint8Array(await (await download(`tasks.csv?bom=1&filter=${filter}`)).arrayBuffer());
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const lines = new TextDecoder().decode(bytes).trim().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('2026-12-01');
  });

  test('is JSON Lines, in pages of any number', async () => {
    const { cyd } = await people('Cyd');
    const row = { ownerId: uuidOf('User', cyd.id), position: 'a', description: '' };
    await plantTasks(
      db,
      Array.from({ length: 250 }, (_, n) => ({ ...row, title: `Task ${n}` })),
    );
    const mine = await apiTokenOf(cyd, { scopes: ['READ'] });
    const response = await download('tasks.jsonl?order=CREATED_AT:ASC', {
      authorization: `Bearer ${mine.token}`,
    });
    const lines = (await response.text()).trim().split('\n');
    const titles = lines.map((line) => (JSON.parse(line) as { title: string }).title);
    expect(new Set(titles).size).toBe(250);
  });

  test('of a large list starts at once, and ends when the client leaves', async () => {
    const abort = new AbortController();
    const response = await fetch(`${world.url}/export/tasks.jsonl`, {
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    });
    const { value } = (await response.body?.getReader().read()) ?? {};
    expect(value?.length).toBeGreaterThan(0);
    abort.abort();
    expect((await download('tasks.csv')).status).toBe(200);
  });

  test.each([
    ['no credential', 'tasks.csv', {}, 401, 'UNAUTHENTICATED'],
    ['an invalid filter', 'tasks.csv?filter=is%3Aopne', undefined, 400, 'VALIDATION_FAILED'],
    ['an unknown order', 'tasks.csv?order=SIZE:ASC', undefined, 400, 'BAD_USER_INPUT'],
    ['a malformed order', 'tasks.csv?order=due', undefined, 400, 'BAD_USER_INPUT'],
    ['an unknown parameter', 'tasks.csv?limit=5', undefined, 400, 'BAD_USER_INPUT'],
    ['another site', 'tasks.csv', { 'sec-fetch-site': 'cross-site' }, 403, 'FORBIDDEN'],
  ] as const)('is refused with %s', async (_what, path, headers, status, code) => {
    const response = await download(path, headers);
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    expect(errors[0]?.extensions.code).toBe(code);
    expect(response.status).toBe(status);
  });
});
