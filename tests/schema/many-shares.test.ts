import { beforeAll, describe, expect, test } from 'vitest';
import { publicId, uuidOf } from '../../server/ids.ts';
import { watchEvents } from '../kit/live.ts';
import { plansOf } from '../kit/plans.ts';
import { recordedBy, statementsOf } from '../kit/statements.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { db, people } = world;

/** More than the maximum number of parameters of a statement. */
const SHARES = 40_000;
const AT_ONCE = 2_000;
/** Enough for a page, its cursor and a filter. */
const MOST_PARAMETERS = 40;
/** The maximum of one kind in a statement: a page, or a limited number. */
const LONGEST_LIST = 1_000;

let ada: Person;
let bob: Person;
let newcomer: Person;
let oldest: string;

beforeAll(async () => {
  ({ ada, bob, newcomer } = await people('Ada', 'Bob', 'Newcomer'));
  const [owner, receiver] = [uuidOf('User', ada.id), uuidOf('User', bob.id)];
  for (let first = 1; first <= SHARES; first += AT_ONCE) {
    await db.$executeRaw`
      WITH made AS (
        INSERT INTO tasks (id, title, owner_id, created_at)
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || '8' || substr(md5(n::text), 1, 15))::uuid,
               'Painting the fence, part ' || n, ${owner}::uuid, at
        FROM (SELECT n, now() - n * interval '1 minute' AS at
              FROM generate_series(${first}::int, ${first + AT_ONCE - 1}::int) AS n) AS numbers
        RETURNING id, title
      )
      INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id, permission)
      SELECT gen_random_uuid(), id, ${receiver}::uuid, ${owner}::uuid,
             (CASE WHEN title LIKE '%0' THEN 'EDIT' ELSE 'VIEW' END)::share_permission
      FROM made`;
  }
  await db.$executeRaw`ANALYZE`;
  const last = await db.task.findFirstOrThrow({ where: { ownerId: owner }, orderBy: { createdAt: 'asc' } });
  oldest = publicId('Task', last.id);
}, 120_000);

const COUNTED = `totalCount nodes { id viewerCan { edit } parent { id } }`;

const operations: Record<string, string> = {
  viewer: '{ viewer { id invitations { totalCount } } }',
  tasks: `{ tasks(first: 50) { ${COUNTED} } }`,
  'tasks that are not done': `{ tasks(filter: { status: { notIn: [DONE] } }) { ${COUNTED} } }`,
  'tasks of a title': `{ tasks(filter: { title: { contains: "777" } }, orderBy: [{ field: TITLE }]) { ${COUNTED} } }`,
  'tasks of no team': `{ tasks(filter: { team: { isNull: true }, parent: { isNull: true } }) { ${COUNTED} } }`,
  'tasks shared with one': `{ tasks(filter: { sharedWithViewer: true }) { ${COUNTED} } }`,
  'tasks not shared with one': `{ tasks(filter: { sharedWithViewer: false }) { ${COUNTED} } }`,
  'tasks from the end': `{ tasks(last: 50) { nodes { id subtasks { totalCount } comments { totalCount } } } }`,
  teams: '{ teams { totalCount nodes { id } } }',
  conversations: '{ conversations { totalCount nodes { id } } }',
  activity: '{ activity { totalCount nodes { id task { id } actor { id } } } }',
  search: '{ search(query: "fence") { node { ... on Task { id viewerCan { edit } } } } }',
  dashboard:
    '{ dashboard { statistics { total shared } shared { viewOnly canEdit } createdPerDay { count } } }',
  'dashboard of what is assigned': '{ dashboard(scope: { assigned: true }) { statistics { total shared } } }',
};

async function expectShortLists(document: string): Promise<void> {
  const statements = await recordedBy(() => bob.query(document));
  for (const { text, values } of statements) {
    expect(values.length, text).toBeLessThanOrEqual(MOST_PARAMETERS + 2 * 101);
    const lists = values.filter(
      (value) => Array.isArray(value) || (typeof value === 'string' && /^[{[]/.test(value)),
    );
    for (const list of lists) expect(String(list).split(',').length, text).toBeLessThanOrEqual(LONGEST_LIST);
  }
}

describe('[FR-009] [FR-014] a person with 40,000 shares (MANY-SHARES, H6)', () => {
  test.each(Object.entries(operations))(
    'gets an answer for %s, from statements without lists of ids',
    async (_name, document) => {
      await expectShortLists(document);
      const shapes = async (person: Person) => {
        return new Set(await statementsOf(() => person.query(document)));
      };
      const ofBob = await shapes(bob);
      const unseen = [...(await shapes(newcomer))].filter((text) => !ofBob.has(text));
      expect(unseen, 'a person without shares uses the same statements').toEqual([]);
    },
  );

  test('gets an answer for a title that thousands of tasks have, in the same way', async () => {
    await expectShortLists(
      `{ tasks(filter: { title: { contains: "7" } }, orderBy: [{ field: TITLE }]) { ${COUNTED} } }`,
    );
  });

  test('sees an exact count up to 10,000', async () => {
    const count = (filter: string) =>
      bob.query(`{ tasks(filter: { ${filter} }) { totalCount isTotalCountExact } }`);
    expect(await count('')).toEqual({ tasks: { totalCount: 10_000, isTotalCountExact: false } });
    const matching = Array.from({ length: SHARES }, (_, n) => n + 1).filter((n) => String(n).includes('77'));
    expect(await count('title: { contains: "77" }, sharedWithViewer: true')).toEqual({
      tasks: { totalCount: matching.length, isTotalCountExact: true },
    });
    expect(await bob.query('{ dashboard { shared { total viewOnly canEdit } } }')).toEqual({
      dashboard: { shared: { total: SHARES, viewOnly: SHARES * 0.9, canEdit: SHARES * 0.1 } },
    });
  });

  test('has their rights loaded from a few pages', async () => {
    const statements = await recordedBy(() => bob.query('{ viewer { id } }'));
    const plans = await plansOf(
      world.databaseUrl,
      statements.filter(({ text }) => text.includes('SELECT')),
    );
    expect(plans.length).toBeGreaterThan(0);
    for (const { visited, pages, statement } of plans) {
      expect(visited, statement.text).toBeLessThan(100);
      expect(pages, statement.text).toBeLessThan(100);
    }
  });

  test('[BR-06] [FR-021] follows each of the tasks, also the oldest, until the share is revoked', async () => {
    const events = await watchEvents(world, bob);
    const { cursor } = await bob.query<{ cursor: string }>('{ cursor }');
    const change = (title: string) =>
      ada.query(`mutation { updateTask(input: { id: "${oldest}", title: "${title}" }) { cursor } }`);
    await change('first');
    await events.until(({ events: { event } }) => event?.task?.title === 'first');
    await change('second');
    await events.until(({ events: { event } }) => event?.task?.title === 'second');

    const { task } = await bob.query<{ task: { shares: { nodes: { id: string }[] } } }>(
      `{ task(id: "${oldest}") { shares { nodes { id } } } }`,
    );
    await ada.query(`mutation { revokeShare(input: { id: "${task.shares.nodes[0]?.id}" }) { cursor } }`);
    await change('third');
    await bob.createTask('the end');
    await events.until(({ events: { event } }) => event?.task?.title === 'the end');
    const kinds = events.told.flatMap(({ events: { event } }) => event?.kind ?? []);
    expect(kinds).toEqual(['TASK_UPDATED', 'TASK_UPDATED', 'TASK_SHARE_REVOKED', 'TASK_CREATED']);

    const later = await watchEvents(world, bob, { after: cursor });
    await later.until(({ events: { event } }) => event?.task?.title === 'the end');
    expect(later.told.flatMap(({ events: { event } }) => event?.kind ?? [])).toEqual([
      'TASK_SHARE_REVOKED',
      'TASK_CREATED',
    ]);
  });

  test('[FR-022] gets an event when a shared task is deleted', async () => {
    const events = await watchEvents(world, bob);
    const { tasks } = await bob.query<{ tasks: { nodes: { id: string }[] } }>(
      '{ tasks(first: 1, filter: { sharedWithViewer: true }) { nodes { id } } }',
    );
    await ada.query(`mutation { deleteTask(input: { id: "${tasks.nodes[0]?.id}" }) { cursor } }`);
    await events.until(({ events: { event } }) => event?.kind === 'TASK_DELETED');
  });
});
