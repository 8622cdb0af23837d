import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ownPostgres } from '../../../ops/drills/own-postgres.ts';
import { connect, disconnect } from '../../../server/database/client.ts';
import { installedPrograms } from '../../../server/database/postgres-programs.ts';
import { newId } from '../../../server/ids.ts';
import { adoptTimezones } from '../../../server/sql/timezone.ts';
import { startTestServer } from '../../kit/server.ts';
import { query } from '../database/scratch-database.ts';

const canonical = (name: string) =>
  new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;

/** Every time zone of PostgreSQL, by the name that browsers report. */
async function zonesIn(folder: string): Promise<Map<string, string[]>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = files
    .filter((file) => !file.isDirectory() && file.name !== 'Factory')
    .map((file) => relative(folder, join(file.parentPath, file.name)))
    .sort();
  return Map.groupBy(names, canonical);
}

/** PostgreSQL as built by distributions without old names, and stricter: it knows one name per time zone. */
const programs = await mkdtemp(join(tmpdir(), 'taskwire-programs-'));
afterAll(() => rm(programs, { recursive: true, force: true }));
await chmod(programs, 0o755);
await cp(installedPrograms(), programs, { recursive: true, verbatimSymlinks: true });
const folder = join(programs, 'share/postgresql/timezone');
const zones = await zonesIn(folder);
const left = new Map(
  [...zones].map(([name, names]) => [
    name,
    name === 'UTC' ? name : (names.findLast((each) => each !== name && each.includes('/')) ?? name),
  ]),
);
for (const [name, names] of zones)
  for (const gone of names) if (gone !== left.get(name)) await rm(join(folder, gone));

const postgres = await ownPostgres(programs);
afterAll(() => postgres.remove());
let server = await startTestServer(postgres.url, { LOG_LEVEL: 'silent' });
afterAll(() => server.stop());
const db = connect(postgres.url);
afterAll(() => disconnect(db));

const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token viewer { timezone } } }';
const DAYS = `{ dashboard { activity { createdToday } history(days: 7) { burnUp { day total } } } }`;

async function ask<Data>(document: string, variables: object, token?: string): Promise<Data> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: document, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

async function comer(timezone: string) {
  const input = {
    name: 'Cleo',
    email: `${newId()}@example.com`,
    password: 'correct horse battery',
    timezone,
  };
  const { signUp } = await ask<{ signUp: { token: string; viewer: { timezone: string } } }>(SIGN_UP, {
    input,
  });
  return { token: signUp.token, timezone: signUp.viewer.timezone };
}

interface Days {
  dashboard: { activity: { createdToday: number }; history: { burnUp: { day: string; total: number }[] } };
}

async function lastDayOf(token: string): Promise<string | undefined> {
  const { dashboard } = await ask<Days>(DAYS, {}, token);
  return dashboard.history.burnUp.at(-1)?.day;
}

const dayIn = (timeZone: string) => new Intl.DateTimeFormat('sv-SE', { timeZone }).format(new Date());

test.each([
  ...[
    'Asia/Calcutta',
    'Asia/Katmandu',
    'Europe/Kiev',
    'America/Buenos_Aires',
    'Pacific/Enderbury',
    'US/Samoa',
  ],
  ...['EST5EDT', 'CET', 'GMT', 'Etc/UTC'],
])(
  'a person with a device in %s gets that zone’s days even if PostgreSQL lacks the name (TZ-TRIXIE)',
  async (given) => {
    const { token, timezone } = await comer(given);
    expect(timezone).toBe(left.get(canonical(given)));
    expect(await lastDayOf(token)).toBe(dayIn(given));
  },
);

test('an unknown zone becomes UTC, and sign-up succeeds (TZ-TRIXIE)', async () => {
  const { token, timezone } = await comer('Mars/Olympus');
  expect(timezone).toBe('UTC');
  expect(await lastDayOf(token)).toBe(dayIn('UTC'));
});

test('people keep their dashboard if PostgreSQL no longer knows their zone’s name, and get their days back at the next start (TZ-TRIXIE)', async () => {
  const { token } = await comer('UTC');
  const set = (timezone: string) =>
    db.user.updateMany({ where: { timezone: { not: timezone } }, data: { timezone } });
  await set('Pacific/Enderbury');
  expect(await lastDayOf(token), 'in UTC until then').toBe(dayIn('UTC'));
  await server.stop();
  server = await startTestServer(postgres.url, { LOG_LEVEL: 'silent', PORT: new URL(server.url).port });
  expect(await lastDayOf(token)).toBe(dayIn('Pacific/Enderbury'));
  await set('Mars/Olympus');
  expect(await lastDayOf(token)).toBe(dayIn('UTC'));
  expect(await adoptTimezones(postgres.url)).toEqual(['Mars/Olympus']);
  expect(await db.user.count({ where: { timezone: { not: 'UTC' } } })).toBe(0);
});

test('each of PostgreSQL’s names leads to a zone with the same days (TZ-TRIXIE)', async () => {
  const names = [...zones.values()].flat();
  await db.user.createMany({
    data: names.map((timezone) => ({
      id: newId(),
      name: timezone,
      email: `${newId()}@example.com`,
      timezone,
    })),
  });
  expect(await adoptTimezones(postgres.url)).toEqual([]);
  const moments = [
    '2025-01-15T12:00:00Z',
    '2025-03-20T03:30:00Z',
    '2025-07-15T23:45:00Z',
    '2025-11-02T06:15:00Z',
  ];
  const rows = await query(
    postgres.url,
    `SELECT name, at::text, to_char(at::timestamptz AT TIME ZONE timezone, 'YYYY-MM-DD HH24:MI') AS local
     FROM users, unnest(ARRAY['${moments.join("','")}']) AS at WHERE name <> 'Cleo'`,
  );
  expect(rows).toHaveLength(names.length * moments.length);
  const wrong = rows.filter(({ name, at, local }) => {
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: String(name),
      dateStyle: 'short',
      timeStyle: 'short',
    });
    return format.format(new Date(String(at))) !== local;
  });
  expect(wrong).toEqual([]);
});
