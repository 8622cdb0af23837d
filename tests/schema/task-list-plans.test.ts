import type { GraphQLEnumType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { uuidOf } from '../../server/ids.ts';
import { plansOf, type Plan } from '../kit/plans.ts';
import { openSession } from '../kit/session.ts';
import { sample } from '../kit/sample.ts';
import { recordedBy } from '../kit/statements.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { databaseUrl, people } = await startWorld();

const PAGE = 50;
/** For each place, which is the person or their team: a page of each stage and priority, and related people and teams. */
const MOST_READ = 30 * (PAGE + 1);
const MOST_SORTED = 20 * (PAGE + 1);
/** One in three to five tasks matches a filter that is not in the index. */
const MOST_PASSED_OVER = 100 * (PAGE + 1);
const NOT_IN_INDEX = ['no due date', 'a label', 'a priority'];

const FIELDS = (schema.getType('TaskOrderField') as GraphQLEnumType).getValues().map(({ name }) => name);
const ORDERS = FIELDS.flatMap((field, n) => {
  const directions = field === 'DUE_ON' ? ['ASC', 'DESC'] : [n % 2 === 0 ? 'DESC' : 'ASC'];
  return directions.map((direction) => `{ field: ${field}, direction: ${direction} }`);
});
const OPEN = 'status: { in: [TODO, IN_PROGRESS] }';

let ada: Person;
/** Has a share of each task. */
let bob: Person;
let scopes: Record<string, string>;
let filters: Record<string, string>;

/** One person's 100,000 tasks: half in their team, half assigned to them, most completed or archived long ago. */
beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
  const team = await teamOf(ada);
  await using client = await openSession(databaseUrl);
  await client.query(
    `INSERT INTO tasks (id, title, status, priority, due_on, labels, position, owner_id, assignee_id, team_id,
                        completed_at, archived_at, created_at, updated_at)
     SELECT gen_random_uuid(), 'Task ' || md5(n::text), status, priority, due_on, labels, 'g' || lpad(n::text, 7, '0'), $1,
            CASE WHEN n % 2 = 0 THEN $1::uuid END, CASE WHEN n / 2 % 2 = 0 THEN $2::uuid END,
            CASE WHEN status = 'DONE' THEN at END, CASE WHEN dice % 3 = 0 THEN at END, at, at + interval '1 hour'
     FROM (SELECT n, dice, now() - interval '1 minute' * n AS at,
                  (ARRAY['TODO', 'IN_PROGRESS', 'CANCELLED', 'DONE', 'DONE', 'DONE', 'DONE'])[dice / 3 % 7 + 1]::task_status AS status,
                  (ARRAY['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'])[dice / 21 % 5 + 1]::task_priority AS priority,
                  CASE WHEN dice / 105 % 3 > 0 THEN current_date - 700 + (dice / 315 % 730)::int END AS due_on,
                  CASE WHEN n % 1000 = 0 THEN ARRAY['seldom'] WHEN dice / 105 % 4 = 0 THEN ARRAY['often'] ELSE '{}' END AS labels
           FROM (SELECT n, abs(hashint8(n)::bigint) AS dice FROM generate_series(1, 100000) AS n) AS rolled) AS made`,
    [uuidOf('User', ada.id), uuidOf('Team', team.id)],
  );
  await client.query(
    'INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id) SELECT gen_random_uuid(), id, $1, owner_id FROM tasks',
    [uuidOf('User', bob.id)],
  );
  await client.query('VACUUM ANALYZE');
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  scopes = {
    own: `owner: { eq: "${ada.id}" }`,
    assigned: `assignee: { eq: "${ada.id}" }`,
    either: 'ownedOrAssigned: true',
    team: `team: { eq: "${team.id}" }`,
    visible: '',
    received: '',
    'shared with one': 'sharedWithViewer: true',
  };
  filters = {
    all: '',
    open: OPEN,
    completed: 'status: { eq: DONE }',
    cancelled: 'status: { eq: CANCELLED }',
    archived: 'archived: true',
    overdue: `${OPEN}, dueOn: { before: "${day(0)}" }`,
    today: `${OPEN}, dueOn: { eq: "${day(0)}" }`,
    'this week': `${OPEN}, dueOn: { after: "${day(-1)}", before: "${day(7)}" }`,
    'no due date': `${OPEN}, dueOn: { isNull: true }`,
    mine: `${OPEN}, or: [{ owner: { eq: "${ada.id}" } }, { assignee: { eq: "${ada.id}" } }]`,
    'a label': 'labels: { has: "often" }',
    'a rare label': 'labels: { has: "seldom" }',
    'a rare word': 'title: { contains: "99f9" }',
    'a priority': `${OPEN}, priority: { eq: HIGH }`,
  };
}, 120_000);

/** Orders by which the page does not show these tasks. They are sorted, within the time limit of statements. */
const SORTED: Record<string, string[]> = {
  archived: ORDERS.filter((order) => order.includes('STATUS')),
  'this week': ORDERS.filter((order) => !order.includes('DUE_ON')),
};

async function plansOfList(person: Person, filter: string, order: string, after: string | null) {
  const document = `query ($after: String) { tasks(first: ${PAGE}, after: $after, filter: { ${filter} }, orderBy: [${order}]) {
    pageInfo { endCursor } nodes { id title status priority dueOn assignee { name } team { name } } } }`;
  let cursor = '';
  const statements = await recordedBy(async () => {
    const answer = await person.query<{ tasks: { pageInfo: { endCursor: string } } }>(document, { after });
    cursor = answer.tasks.pageInfo.endCursor;
  });
  const lists = statements.filter(({ text }) => text.includes('/* readTasks */'));
  expect(lists).toHaveLength(1);
  return { cursor, plans: await plansOf(databaseUrl, lists) };
}

function faultsOf({ scanned, visited, sorted }: Plan, filter: string, places: number): string[] {
  const mostRead = places * (NOT_IN_INDEX.includes(filter) ? MOST_PASSED_OVER : MOST_READ);
  return [
    ...(scanned.includes('tasks') ? ['scans the table'] : []),
    ...(visited > mostRead ? [`reads ${String(visited)} rows`] : []),
    ...(sorted > places * MOST_SORTED ? [`sorts ${String(sorted)} rows`] : []),
  ];
}

describe('[FR-014] [SC-009] among 100,000 tasks of a person, a page is read from an index', () => {
  test.each(['own', 'assigned', 'either', 'team', 'visible', 'received', 'shared with one'])(
    '%s tasks',
    { timeout: 180_000 },
    async (scope) => {
      const isReceived = ['received', 'shared with one'].includes(scope);
      const person = isReceived ? bob : ada;
      // A share, its task, and other shares of it; own tasks, assigned ones, and those that are both.
      const places = isReceived ? 5 : scope === 'either' ? 3 : scope === 'visible' ? 2 : 1;
      const found: Record<string, string[]> = {};
      for (const [filter, condition] of Object.entries(filters)) {
        const orders = ORDERS.filter((order) => !SORTED[filter]?.includes(order));
        for (const order of sample(orders, 3)) {
          const first = await plansOfList(person, `${scopes[scope]} ${condition}`, order, null);
          const faults = first.plans.flatMap((plan) => faultsOf(plan, filter, places));
          if (filter === 'all') {
            const second = await plansOfList(person, `${scopes[scope]}`, order, first.cursor);
            faults.push(...second.plans.flatMap((plan) => faultsOf(plan, filter, places)));
          }
          if (faults.length > 0) found[`${filter} by ${order}`] = faults;
        }
      }
      expect(found).toEqual({});
    },
  );
});
