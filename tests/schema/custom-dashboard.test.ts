import { describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { statementsOf } from '../kit/statements.ts';
import { plantTasks } from '../kit/tasks.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

interface Point {
  key: string | null;
  name: string | null;
  value: number | null;
  filterText: string | null;
}

interface Data {
  series: { key: string | null; name: string | null; points: Point[] }[];
  change: number | null;
  isExact: boolean;
  isFromTasks: boolean;
  omittedGroups: number;
  problem: { code: string; message: string } | null;
}

interface Dashboard {
  id: string;
  name: string;
  version: number;
  viewerCan: { edit: boolean };
  widgets: { key: string; kind: string; measure: string; scope: string | null; data: Data }[];
}

const DATA =
  'series { key name points { key name value filterText } } change isExact isFromTasks omittedGroups problem { code message }';
const DASHBOARD = 'id name version viewerCan { edit } widgets { key kind measure scope }';

async function change(person: Person, verb: string, input: object): Promise<Dashboard> {
  const type = `${verb[0]?.toUpperCase() ?? ''}${verb.slice(1)}`;
  const data = await person.query<Record<string, { customDashboard: Dashboard }>>(
    `mutation ($input: ${type}CustomDashboardInput!) {
       ${verb}CustomDashboard(input: $input) { customDashboard { ${DASHBOARD} } cursor } }`,
    { input },
  );
  return (data[`${verb}CustomDashboard`] as { customDashboard: Dashboard }).customDashboard;
}

const create = (person: Person, input: object) => change(person, 'create', input);
const update = (person: Person, input: object) => change(person, 'update', input);

function remove(person: Person, id: string): Promise<unknown> {
  return person.query(
    'mutation ($id: ID!) { deleteCustomDashboard(input: { id: $id }) { deletedCustomDashboardId cursor } }',
    { id },
  );
}

async function read(person: Person, id: string, asOf?: string): Promise<Dashboard> {
  const { customDashboard } = await person.query<{ customDashboard: Dashboard }>(
    `query ($id: ID!, $asOf: Date) {
       customDashboard(id: $id) { ${DASHBOARD} widgets { data(asOf: $asOf) { ${DATA} } } } }`,
    { id, asOf },
  );
  return customDashboard;
}

async function names(person: Person, teamId?: string): Promise<string[]> {
  const { customDashboards } = await person.query<{ customDashboards: Dashboard[] }>(
    'query ($teamId: ID) { customDashboards(teamId: $teamId) { name } }',
    { teamId },
  );
  return customDashboards.map(({ name }) => name);
}

async function data(person: Person, widget: object, asOf?: string): Promise<Data> {
  const { widgetData } = await person.query<{ widgetData: Data }>(
    `query ($widget: DashboardWidgetInput!, $asOf: Date) { widgetData(widget: $widget, asOf: $asOf) { ${DATA} } }`,
    { widget, asOf },
  );
  return widgetData;
}

const NUMBER = { kind: 'NUMBER', measure: 'OPEN' };
const DAY_MS = 86_400_000;
const dayAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

describe('a dashboard of one’s own', () => {
  test('keeps its widgets in their order, and is changed as a whole', async () => {
    const { ada } = await people('Ada');
    const { id, widgets } = await create(ada, { name: ' Work ', widgets: [NUMBER, { ...NUMBER, key: 'b' }] });
    expect(widgets).toMatchObject([{ scope: 'OWN' }, { key: 'b' }]);
    const changed = await update(ada, {
      id,
      version: 1,
      widgets: [{ ...NUMBER, key: 'b', measure: 'OVERDUE' }],
    });
    expect(changed).toMatchObject({ name: 'Work', version: 2, widgets: [{ key: 'b', measure: 'OVERDUE' }] });
    expect(await outcome(update(ada, { id, version: 1, name: 'Late' }))).toBe('CONFLICT');
    const same = await update(ada, {
      id,
      version: 2,
      widgets: [{ ...NUMBER, key: 'b', measure: 'OVERDUE' }],
    });
    expect(same.version).toBe(2);
  });

  test('is one of several in an order, and can be copied, moved and deleted', async () => {
    const { ada } = await people('Ada');
    const first = await create(ada, { name: 'First', template: 'LEAD' });
    const second = await create(ada, { name: 'Second' });
    const copy = await change(ada, 'duplicate', { id: first.id, name: 'Copy' });
    expect(copy.widgets).toEqual(first.widgets);
    await update(ada, { id: copy.id, after: null });
    await update(ada, { id: second.id, after: copy.id });
    expect(await names(ada)).toEqual(['Copy', 'Second', 'First']);
    await remove(ada, second.id);
    await remove(ada, second.id);
    expect(await names(ada)).toEqual(['Copy', 'First']);
  });

  test('of a person is private, and that of a team is read by its members and changed by most', async () => {
    const { ada, bob, vic, eve } = await people('Ada', 'Bob', 'Vic', 'Eve');
    const team = await teamOf(ada, [
      [bob, 'MEMBER'],
      [vic, 'VIEWER'],
    ]);
    const own = await create(ada, { name: 'Own' });
    const shared = await create(bob, { name: 'Ours', teamId: team.id, template: 'TEAM' });
    expect(await outcome(read(bob, own.id))).toBe('NOT_FOUND');
    expect(await outcome(change(bob, 'duplicate', { id: own.id, name: 'x' }))).toBe('NOT_FOUND');
    expect(await outcome(read(eve, shared.id))).toBe('NOT_FOUND');
    expect((await read(vic, shared.id)).viewerCan.edit).toBe(false);
    expect(await outcome(update(vic, { id: shared.id, name: 'x' }))).toBe('FORBIDDEN');
    expect(await outcome(remove(vic, shared.id))).toBe('FORBIDDEN');
    expect(await outcome(create(vic, { name: 'x', teamId: team.id }))).toBe('FORBIDDEN');
    expect((await update(ada, { id: shared.id, name: 'All of ours' })).name).toBe('All of ours');
    expect(await names(vic, team.id)).toEqual(['All of ours']);
    expect(await outcome(names(eve, team.id))).toBe('NOT_FOUND');
  });

  test('tells each change in the log, to its owner or the members of its team', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const { id } = await create(ada, { name: 'Ours', teamId: team.id });
    await update(ada, { id, widgets: [NUMBER] });
    await remove(ada, id);
    const own = await create(ada, { name: 'Own' });
    const kindsSeenBy = async (person: Person) => {
      const { activity } = await person.query<{ activity: { nodes: { kind: string }[] } }>(
        '{ activity(first: 20) { nodes { kind } } }',
      );
      return activity.nodes.map(({ kind }) => kind).filter((kind) => kind.startsWith('DASHBOARD'));
    };
    expect(await kindsSeenBy(bob)).toEqual(['DASHBOARD_DELETED', 'DASHBOARD_UPDATED', 'DASHBOARD_CREATED']);
    expect((await kindsSeenBy(ada))[0]).toBe('DASHBOARD_CREATED');
    expect(own.version).toBe(1);
  });

  test('refuses widgets that say nothing, are too many, or have equal keys', async () => {
    const { ada } = await people('Ada');
    const refused = (widget: object) => outcome(create(ada, { name: 'x', widgets: [widget] }));
    expect(await refused({ ...NUMBER, by: 'STATUS' })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, days: 0 })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, days: 366 })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, filterText: 'nonsense:' })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, filterText: 'is:open', scope: 'OWN' })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, scope: 'TEAM' })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, title: 'a\0b' })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, title: 'x'.repeat(101) })).toBe('VALIDATION_FAILED');
    expect(await refused({ ...NUMBER, teamId: ada.id })).toBe('VALIDATION_FAILED');
    expect(await refused({ kind: 'BAR', measure: 'THROUGHPUT', by: 'DAY', filterText: 'is:open' })).toBe(
      'VALIDATION_FAILED',
    );
    const many = Array.from({ length: 25 }, () => NUMBER);
    expect(await outcome(create(ada, { name: 'x', widgets: many }))).toBe('VALIDATION_FAILED');
    const twins = [
      { ...NUMBER, key: 'a' },
      { ...NUMBER, key: 'a' },
    ];
    expect(await outcome(create(ada, { name: 'x', widgets: twins }))).toBe('VALIDATION_FAILED');
    expect(await outcome(create(ada, { name: 'x\0' }))).toBe('VALIDATION_FAILED');
    expect(await outcome(create(ada, { name: 'x', widgets: [], template: 'TEAM' }))).toBe(
      'VALIDATION_FAILED',
    );
  });

  test('[BR-19] is one of at most 100', async () => {
    const { ada } = await people('Ada');
    const row = { ownerId: uuidOf('User', ada.id), name: 'x', widgets: [], updatedAt: new Date() };
    await db.customDashboard.createMany({
      data: Array.from({ length: 100 }, (_, n) => ({ ...row, position: `a${n}` })),
    });
    expect(await outcome(create(ada, { name: 'x' }))).toBe('CONFLICT');
  });
});

test('[FR-014] a dashboard of 12 widgets needs as many statements as one of two', async () => {
  const { ada } = await people('Ada');
  const team = await teamOf(ada, []);
  const scopes = [{ scope: 'OWN' }, { scope: 'ASSIGNED' }, { teamId: team.id }, { filterText: 'is:open' }];
  const of = (some: object[]) =>
    some.flatMap((tasks) => [
      { ...NUMBER, ...tasks },
      { kind: 'BAR', measure: 'OPEN', by: 'LABEL', ...tasks },
      { kind: 'LINE', measure: 'COMPLETED', by: 'WEEK', days: 90, ...tasks },
    ]);
  const few = await create(ada, { name: 'Few', widgets: of([{ scope: 'OWN' }]) });
  const many = await create(ada, { name: 'Many', widgets: of(scopes) });
  const sentFor = async ({ id }: Dashboard) =>
    (await statementsOf(() => read(ada, id))).map((sql) =>
      /\/\* (\w+) \*\/|FROM "public"\."(\w+)"/.exec(sql)?.slice(1),
    );
  const labels = (found: (string[] | undefined)[]) => found.map((each) => each?.find(Boolean)).sort();
  const expected = ['custom_dashboards', 'measureCounters', 'measureTasks', 'users', 'viewerOf'];
  expect(labels(await sentFor(few))).toEqual(expected);
  expect(labels(await sentFor(many))).toEqual(expected);
});

describe('a widget', () => {
  test('has a filter for the tasks behind each number', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Water the ferns', { priority: 'HIGH', labels: ['garden'] });
    await ada.createTask('Buy a rake', { status: 'DONE', labels: ['garden', 'shop'] });
    const { series } = await data(ada, {
      kind: 'STACKED_BAR',
      measure: 'COUNT',
      by: 'LABEL',
      split: 'STATUS',
    });
    expect(series.find(({ key }) => key === 'DONE')?.points).toEqual([
      { key: 'garden', name: 'garden', value: 1, filterText: 'owner:me label:garden status:done' },
      { key: 'shop', name: 'shop', value: 1, filterText: 'owner:me label:shop status:done' },
    ]);
  });

  test('names people, and counts tasks of a filter that the viewer sees', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    await ada.createTask('For Bob', { teamId: team.id, assigneeId: bob.id });
    await ada.createTask('Private');
    const widget = { kind: 'BAR', measure: 'OPEN', by: 'ASSIGNEE', filterText: `owner:${ada.email}` };
    expect((await data(ada, widget)).series[0]?.points).toMatchObject([
      { key: null, name: null, value: 1 },
      { key: bob.id, name: 'Bob', value: 1 },
    ]);
    expect(await data(bob, widget)).toMatchObject({
      isFromTasks: true,
      isExact: true,
      series: [{ points: [{ key: bob.id, value: 1 }] }],
    });
  });

  test('has a problem instead of numbers that are not known', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, []);
    const problemOf = async (widget: object, asOf?: string) => (await data(bob, widget, asOf)).problem?.code;
    const ofTeam = { ...NUMBER, teamId: team.id };
    expect(await problemOf(ofTeam)).toBe('NOT_AVAILABLE');
    expect(await problemOf({ ...NUMBER, teamId: publicId('Team', newId()) })).toBe('NOT_AVAILABLE');
    expect(await problemOf({ ...NUMBER, filterText: `team:${team.id.replace('team_', 'slug-')}` })).toBe(
      'NOT_AVAILABLE',
    );
    expect(await problemOf({ ...NUMBER, measure: 'OVERDUE' }, dayAgo(1))).toBe('NOT_AVAILABLE');
    expect(await problemOf({ ...NUMBER, filterText: 'is:open' }, dayAgo(1))).toBe('NOT_AVAILABLE');
    expect(await problemOf(NUMBER, dayAgo(1))).toBeUndefined();
    expect(await outcome(data(bob, NUMBER, dayAgo(-3)))).toBe('VALIDATION_FAILED');
  });

  test('lists the work that was started first, that its viewer sees', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const ownerId = uuidOf('User', ada.id);
    const since = (days: number) => new Date(Date.now() - days * DAY_MS);
    const begun = { ownerId, status: 'IN_PROGRESS' as const };
    await plantTasks(db, [
      { ...begun, id: newId(), title: 'Older', createdAt: since(9), startedAt: since(5) },
      { ...begun, id: newId(), title: 'Oldest', createdAt: since(8), startedAt: since(8) },
      { ...begun, id: newId(), title: 'Done', status: 'DONE', startedAt: since(9), completedAt: since(1) },
    ]);
    const widget = { kind: 'AGEING', measure: 'OPEN' };
    const { series } = await data(ada, widget);
    expect(series[0]?.points.map(({ name, value }) => [name, Math.round((value ?? 0) / 86_400)])).toEqual([
      ['Oldest', 8],
      ['Older', 5],
    ]);
    expect((await data(bob, { ...widget, filterText: `owner:${ada.email}` })).series).toEqual([]);
    expect((await data(bob, { ...widget, filterText: 'is:any' })).series[0]?.points).toEqual([]);
    expect((await data(ada, widget, dayAgo(1))).problem?.code).toBe('NOT_AVAILABLE');
  });

  test('shows the number of an earlier day, and the change since then', async () => {
    const { ada } = await people('Ada');
    const ownerId = uuidOf('User', ada.id);
    await plantTasks(db, [
      { id: newId(), title: 'Old', ownerId, createdAt: new Date(Date.now() - 40 * DAY_MS) },
    ]);
    await ada.createTask('New');
    const { series, change: grown } = await data(ada, { ...NUMBER, days: 7 });
    expect([series[0]?.points[0]?.value, grown]).toEqual([2, 2]);
    const before = await data(ada, { ...NUMBER, days: 7 }, dayAgo(3));
    expect(before.series[0]?.points[0]?.value).toBe(0);
  });

  test('of more than 10,000 tasks says that its number is too small, and gives no durations', async () => {
    const { ada } = await people('Ada');
    const ownerId = uuidOf('User', ada.id);
    const now = new Date();
    await db.task.createMany({
      data: Array.from({ length: 10_001 }, () => ({
        id: newId(),
        title: 'One of many',
        ownerId,
        status: 'DONE' as const,
        labels: ['x'],
        createdAt: now,
        completedAt: now,
      })),
    });
    expect(await data(ada, { kind: 'BAR', measure: 'COUNT', by: 'LABEL' })).toMatchObject({ isExact: false });
    expect((await data(ada, { kind: 'BAR', measure: 'LEAD_TIME', by: 'LABEL' })).problem?.code).toBe(
      'TOO_MANY_TASKS',
    );
  });
});
