// The time of one call for people with few and with many tasks, shares and teams.
import { publicId } from '../../server/ids.ts';
import { startContender, type Running } from './contender.ts';
import { SERVER_CORE } from './cpu.ts';
import { people, type Size } from './fill.ts';
import type { Operation } from './operations.ts';
import { conditions, logProgress, median, table } from './results.ts';

type Owner = Exclude<Operation['owner'], 'writer'>;

interface Cell {
  owner: Owner;
  /** Milliseconds of each call; empty if the operation fails, or the person has nothing to ask for. */
  times: number[];
  /** The error's code. */
  failure?: string;
}

interface Row {
  what: string;
  cells: Cell[];
}

interface Context {
  /** The person's public id. */
  me: string;
  /** One of the person's teams; null if there is none. */
  team: string | null;
  today: string;
  /** The ids of dashboards, by name. */
  dashboards: Readonly<Record<string, string>>;
}

const OWNERS: Owner[] = ['viewer', 'busy', 'huge', 'receiver', 'member'];
const CALLS = 9;
const LONGEST_MS = 3_000;
/** Of the time of the viewer, who has 1,000 tasks. */
const MOST_TIMES = { tasks: 2, others: 3 };

const NODES = '{ id title status priority dueOn assignee { name } team { name } }';
const ORDERS = [
  'CREATED_AT',
  'UPDATED_AT',
  'DUE_ON',
  'PRIORITY',
  'STATUS',
  'TITLE',
  'POSITION',
  'COMPLETED_AT',
];
const OPEN = 'status: { in: [TODO, IN_PROGRESS] }';

const scopes: Record<string, (context: Context) => string | null> = {
  own: ({ me }) => `owner: { eq: "${me}" }`,
  assigned: ({ me }) => `assignee: { eq: "${me}" }`,
  either: () => 'ownedOrAssigned: true',
  team: ({ team }) => team && `team: { eq: "${team}" }`,
  visible: () => '',
};

const filters: Record<string, (context: Context) => { filter: string; order: string }> = {
  open: () => ({ filter: OPEN, order: 'DUE_ON, direction: ASC' }),
  completed: () => ({ filter: 'status: { eq: DONE }', order: 'COMPLETED_AT' }),
  archived: () => ({ filter: 'archived: true', order: 'UPDATED_AT' }),
  overdue: ({ today }) => ({
    filter: `${OPEN}, dueOn: { before: "${today}" }`,
    order: 'DUE_ON, direction: ASC',
  }),
  today: ({ today }) => ({ filter: `${OPEN}, dueOn: { eq: "${today}" }`, order: 'PRIORITY' }),
  'no due date': () => ({ filter: `${OPEN}, dueOn: { isNull: true }`, order: 'CREATED_AT' }),
  'a label': () => ({ filter: `${OPEN}, labels: { has: "label4" }`, order: 'UPDATED_AT' }),
  'a priority': () => ({ filter: `${OPEN}, priority: { eq: HIGH }`, order: 'DUE_ON, direction: ASC' }),
  'contains, frequent': () => ({ filter: 'title: { contains: "about" }', order: 'CREATED_AT' }),
  'contains, rare': () => ({ filter: 'title: { contains: "zzz" }', order: 'CREATED_AT' }),
};

const counted = [
  '{ kind: NUMBER, measure: OPEN }',
  '{ kind: NUMBER, measure: OVERDUE }',
  '{ kind: NUMBER, measure: COMPLETED, days: 7 }',
  '{ kind: NUMBER, measure: THROUGHPUT, days: 30 }',
  '{ kind: NUMBER, measure: LEAD_TIME }',
  '{ kind: BAR, measure: OPEN, by: PRIORITY }',
  '{ kind: AREA, measure: OPEN, by: DAY }',
  '{ kind: BURN_UP, measure: COUNT, by: DAY, days: 90 }',
];

/** Widgets whose numbers are read from counters only, and others with four that are counted from tasks. */
const dashboards: Readonly<Record<string, string[]>> = {
  '12 widgets from counters': [
    ...counted,
    '{ kind: DONUT, measure: COUNT, by: STATUS }',
    '{ kind: HEAT_MAP, measure: COMPLETED, by: DAY, days: 90 }',
    '{ kind: LINE, measure: CYCLE_TIME, by: WEEK, days: 90 }',
    '{ kind: CUMULATIVE_FLOW, measure: COUNT, by: WEEK, split: STATUS, days: 180 }',
  ],
  '12 widgets, four of tasks': [
    ...counted,
    '{ kind: BAR, measure: OPEN, by: ASSIGNEE }',
    '{ kind: BAR, measure: OPEN, by: LABEL }',
    '{ kind: BAR, measure: OVERDUE, by: PRIORITY }',
    '{ kind: BAR, measure: COMPLETED, by: WEEK, filterText: "is:mine" }',
  ],
};

/** The queries of all rows for one person. */
function queriesOf(context: Context): Record<string, string | null> {
  const queries: Record<string, string | null> = {
    '`viewer { id }`': '{ viewer { id } }',
    dashboard: '{ dashboard { statistics { total } overdue breakdown { status count } } }',
    search: '{ search(query: "about", first: 20) { node { __typename } } }',
    activity: '{ activity(first: 50) { nodes { kind } } }',
  };
  for (const [name, id] of Object.entries(context.dashboards))
    queries[name] =
      `{ customDashboard(id: "${id}") { widgets { data { isExact series { key points { key value } } } } } }`;
  const list = (filter: string, order: string) =>
    `{ tasks(first: 50, filter: { ${filter} }, orderBy: [{ field: ${order} }]) { nodes ${NODES} } }`;
  for (const [name, scopeOf] of Object.entries(scopes)) {
    const scope = scopeOf(context);
    const add = (what: string, query: string) =>
      (queries[`${name}, ${what}`] = scope === null ? null : query);
    for (const order of ORDERS) add(`by ${order}`, list(scope ?? '', order));
    for (const [filter, of] of Object.entries(filters)) {
      const wanted = of(context);
      add(filter, list(`${scope} ${wanted.filter}`, wanted.order));
    }
    add('total', `{ tasks(first: 1, filter: { ${scope} }) { totalCount } }`);
    add('open total', `{ tasks(first: 1, filter: { ${scope} ${OPEN} }) { totalCount } }`);
  }
  return queries;
}

/** @param only measures only rows with one of these texts in their name. */
export async function measureSizes(url: string, only: readonly string[]): Promise<Row[]> {
  const server = await startContender('Taskwire', url, SERVER_CORE);
  try {
    const rows = new Map<string, Cell[]>();
    for (const owner of OWNERS) {
      logProgress(`Measuring ${owner}`);
      const queries = queriesOf(await contextOf(server, owner));
      for (const [what, query] of Object.entries(queries)) {
        if (only.length > 0 && !only.some((part) => what.includes(part))) continue;
        const cell = query === null ? { owner, times: [] } : await measured(server, owner, query);
        rows.set(what, [...(rows.get(what) ?? []), cell]);
      }
    }
    return [...rows].map(([what, cells]) => ({ what, cells }));
  } finally {
    await server.stop();
  }
}

async function contextOf(server: Running, owner: Owner): Promise<Context> {
  const answer = JSON.parse(await server.ask(asking(owner, '{ teams(first: 1) { nodes { id } } }'))) as {
    data: { teams: { nodes: { id: string }[] } };
  };
  const made: Record<string, string> = {};
  for (const [name, widgets] of Object.entries(dashboards)) {
    const input = `{ name: "${name}", widgets: [${widgets.join(', ')}] }`;
    const { data } = JSON.parse(
      await server.ask(
        asking(owner, `mutation { createCustomDashboard(input: ${input}) { customDashboard { id } } }`),
      ),
    ) as { data: { createCustomDashboard: { customDashboard: { id: string } } } };
    made[name] = data.createCustomDashboard.customDashboard.id;
  }
  return {
    dashboards: made,
    me: publicId('User', people[owner]),
    team: answer.data.teams.nodes[0]?.id ?? null,
    today: new Date().toISOString().slice(0, 10),
  };
}

async function measured(server: Running, owner: Owner, query: string): Promise<Cell> {
  const times: number[] = [];
  const operation = asking(owner, query);
  for (let call = 0, spent = 0; call < CALLS && spent < LONGEST_MS; call += 1) {
    const began = performance.now();
    const { errors } = JSON.parse(await server.ask(operation)) as {
      errors?: { extensions: { code: string } }[];
    };
    if (errors) return { owner, times: [], failure: errors[0]?.extensions.code ?? 'error' };
    times.push(performance.now() - began);
    spent += times.at(-1) ?? 0;
  }
  return { owner, times };
}

function asking(owner: Owner, query: string): Operation {
  const body = () => ({ query });
  const bodies = { raw: body, 'PostGraphile 5': body, 'Apollo + Prisma': body, Taskwire: body };
  return { title: query, owner, goal: null, bodies };
}

/** The results as Markdown; a cell in bold is above its goal. */
export function sizesReport(rows: Row[], size: Size, busy: number): string {
  const many = (count: number) => count.toLocaleString('en');
  const head = [
    'one call, ms',
    '1,000 tasks',
    `${many(size.busyTasks)} tasks`,
    `${many(size.hugeTasks)} tasks`,
    `${many(size.receivedShares)} received shares`,
    `${many(size.joinedTeams)} teams`,
  ];
  const lines = rows.map(({ what, cells }) => {
    const least = median(cells[0]?.times ?? []);
    return [what, ...cells.map((cell) => textOf(cell, least))];
  });
  return `## Sizes

One call at a time, median of up to ${CALLS}. In bold: more than ${MOST_TIMES.tasks} times the first column (${MOST_TIMES.others} times for shares and teams), or failed. ${conditions(busy)}

${table(head, lines)}`;
}

function textOf({ owner, times, failure }: Cell, least: number): string {
  if (failure) return `**${failure}**`;
  if (times.length === 0) return '–';
  const time = median(times);
  const most = owner === 'receiver' || owner === 'member' ? MOST_TIMES.others : MOST_TIMES.tasks;
  return time > most * least ? `**${time.toFixed(1)}**` : time.toFixed(1);
}
