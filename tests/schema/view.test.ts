import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

interface View {
  id: string;
  name: string;
  filterText: string;
  version: number;
  totalCount: number | null;
  isTotalCountExact: boolean | null;
  filterErrors: { code: string }[];
  viewerCan: { edit: boolean };
  tasks: { totalCount: number; nodes: { title: string }[] };
}

const VIEW =
  'id name filterText version totalCount isTotalCountExact filterErrors { code } viewerCan { edit }';

async function change(person: Person, verb: 'create' | 'update', input: object): Promise<View> {
  const name = `${verb}View`;
  const type = `${verb === 'create' ? 'Create' : 'Update'}ViewInput`;
  const data = await person.query<Record<string, { view: View }>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { view { ${VIEW} } cursor } }`,
    { input },
  );
  return (data[name] as { view: View }).view;
}

const create = (person: Person, input: object) => change(person, 'create', input);
const update = (person: Person, input: object) => change(person, 'update', input);

function remove(person: Person, id: string): Promise<unknown> {
  return person.query('mutation ($id: ID!) { deleteView(input: { id: $id }) { deletedViewId cursor } }', {
    id,
  });
}

async function views(person: Person, teamId?: string): Promise<View[]> {
  const data = await person.query<{ views: View[] }>(
    `query ($teamId: ID) { views(teamId: $teamId) { ${VIEW} } }`,
    { teamId },
  );
  return data.views;
}

async function titles(person: Person, id: string): Promise<string[]> {
  const { node } = await person.query<{ node: View | null }>(
    'query ($id: ID!) { node(id: $id) { ... on View { tasks(first: 10) { totalCount nodes { title } } } } }',
    { id },
  );
  expect(node?.tasks.totalCount).toBe(node?.tasks.nodes.length);
  return node?.tasks.nodes.map(({ title }) => title) ?? [];
}

describe('a view', () => {
  test('keeps a selection in canonical spelling, and shows its tasks in its order', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Water the ferns', { priority: 'LOW' });
    await ada.createTask('Repot the ficus', { priority: 'HIGH' });
    await ada.createTask('Buy a rake', { status: 'DONE' });
    const view = await create(ada, {
      name: '  Open work ',
      filterText: 'IS:Open  and (assignee:me or is:mine)',
      orderField: 'PRIORITY',
      layout: 'BOARD',
      groupBy: 'STATUS',
    });
    expect(view).toMatchObject({
      name: 'Open work',
      filterText: 'is:open (assignee:me or is:mine)',
      version: 1,
      totalCount: 2,
      isTotalCountExact: true,
      viewerCan: { edit: true },
    });
    expect(await titles(ada, view.id)).toEqual(['Repot the ficus', 'Water the ferns']);
    expect((await create(ada, { name: 'All' })).totalCount).toBe(3);
  });

  test('[FR-009] of a team shows to each member what they can see, and means them by “me”', async () => {
    const { ada, bob, vic } = await people('Ada', 'Bob', 'Vic');
    const team = await teamOf(ada, [
      [bob, 'MEMBER'],
      [vic, 'VIEWER'],
    ]);
    await ada.createTask('For Bob', { teamId: team.id, assigneeId: bob.id });
    await ada.createTask('Private');
    const view = await create(bob, {
      teamId: team.id,
      name: 'Mine',
      filterText: 'assignee:me or text:private',
    });
    expect(await titles(bob, view.id)).toEqual(['For Bob']);
    expect(await titles(ada, view.id)).toEqual(['Private']);
    expect(await titles(vic, view.id)).toEqual([]);
    expect(await views(vic, team.id)).toMatchObject([{ name: 'Mine', viewerCan: { edit: false } }]);
    expect(await outcome(update(vic, { id: view.id, name: 'x' }))).toBe('FORBIDDEN');
    expect((await update(ada, { id: view.id, name: 'Ours' })).name).toBe('Ours');
  });

  test('of a person is private, and that of a team ends with the membership', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const own = await create(ada, { name: 'Own' });
    const shared = await create(ada, { teamId: team.id, name: 'Shared' });
    const node = (person: Person, id: string) =>
      person.query<{ node: object | null }>('query ($id: ID!) { node(id: $id) { id } }', { id });
    expect((await node(bob, own.id)).node).toBeNull();
    expect((await node(bob, shared.id)).node).not.toBeNull();
    expect(await outcome(remove(bob, own.id))).toBe('NOT_FOUND');
    await bob.query('mutation ($teamId: ID!) { leaveTeam(input: { teamId: $teamId }) { cursor } }', {
      teamId: team.id,
    });
    expect((await node(bob, shared.id)).node).toBeNull();
    expect(await outcome(views(bob, team.id))).toBe('NOT_FOUND');
  });

  test('changes by version, moves, and is deleted once', async () => {
    const { ada } = await people('Ada');
    const [one, two, three] = [
      await create(ada, { name: 'One' }),
      await create(ada, { name: 'Two' }),
      await create(ada, { name: 'Three' }),
    ];
    const names = async () => (await views(ada)).map(({ name }) => name);
    expect((await update(ada, { id: one.id, version: 1, name: 'Uno', groupBy: 'LABEL' })).version).toBe(2);
    await expect(update(ada, { id: one.id, version: 1, name: 'Eins' })).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'version', currentVersion: 2 },
    });
    expect((await update(ada, { id: one.id, version: 2, name: 'Uno' })).version).toBe(2);
    await update(ada, { id: one.id, after: two.id });
    expect(await names()).toEqual(['Two', 'Uno', 'Three']);
    await update(ada, { id: three.id, after: null });
    expect(await names()).toEqual(['Three', 'Two', 'Uno']);
    await remove(ada, two.id);
    await remove(ada, two.id);
    expect(await names()).toEqual(['Three', 'Uno']);
  });

  test('[FR-006] of a team is its default view until it is deleted, if its leaders choose it', async () => {
    const { ada, bob, eve } = await people('Ada', 'Bob', 'Eve');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const [own, others] = [await create(ada, { name: 'Own' }), await create(eve, { name: 'Eve’s' })];
    const otherTeam = await teamOf(ada, []);
    const foreign = await create(ada, { name: 'Elsewhere', teamId: otherTeam.id });
    const [week, all] = [
      await create(bob, { name: 'Week', teamId: team.id }),
      await create(bob, { name: 'All', teamId: team.id }),
    ];
    const choose = (person: Person, defaultViewId: string | null) =>
      person.query(
        'mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { defaultView { name } } } }',
        { input: { id: team.id, defaultViewId } },
      );
    const chosen = async (person: Person) =>
      (
        await person.query<{ team: { defaultView: { name: string } | null } }>(
          'query ($id: ID!) { team(id: $id) { defaultView { name } } }',
          { id: team.id },
        )
      ).team.defaultView?.name;

    expect(await choose(ada, week.id)).toEqual({ updateTeam: { team: { defaultView: { name: 'Week' } } } });
    expect(await chosen(bob)).toBe('Week');
    expect(await outcome(choose(bob, all.id))).toBe('FORBIDDEN');
    expect(await outcome(choose(eve, others.id))).toBe('NOT_FOUND');
    for (const { id } of [own, others, foreign])
      await expect(choose(ada, id)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'defaultViewId' },
      });
    for (const id of ['view_1', 'a\0b', team.id])
      expect(await outcome(choose(ada, id))).toBe('VALIDATION_FAILED');
    expect(await chosen(bob)).toBe('Week');

    await remove(bob, week.id);
    expect(await chosen(ada)).toBeUndefined();
    await choose(ada, all.id);
    await choose(ada, null);
    expect(await chosen(ada)).toBeUndefined();
    await choose(ada, all.id);
    await ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id: team.id });
    expect(await db.view.count({ where: { id: uuidOf('View', all.id) } })).toBe(0);
  });

  test('keeps a limit for each column of its board until it has other groups', async () => {
    const { ada } = await people('Ada');
    const limits = [
      { value: 'IN_PROGRESS', limit: 4 },
      { value: null, limit: 999 },
      { value: '__proto__', limit: 1 },
    ];
    const { id } = await create(ada, { name: 'Board', layout: 'BOARD', groupBy: 'LABEL', limits });
    const read = async () => {
      const { node } = await ada.query<{ node: { version: number; limits: { value: string | null }[] } }>(
        'query ($id: ID!) { node(id: $id) { ... on View { version limits { value limit } } } }',
        { id },
      );
      return { ...node, limits: node.limits.sort((a, b) => (a.value ?? '').localeCompare(b.value ?? '')) };
    };
    expect(await read()).toEqual({ version: 1, limits: [limits[1], limits[2], limits[0]] });
    await update(ada, { id, limits: limits.toReversed() });
    expect(await read()).toMatchObject({ version: 1 });

    const many = Array.from({ length: 51 }, (_, n) => ({ value: `label ${n}`, limit: 5 }));
    const refused = [
      [{ value: 'a', limit: 0 }],
      [{ value: 'a', limit: 1_000 }],
      [{ value: 'a\0b', limit: 1 }],
      [{ value: 'x'.repeat(101), limit: 1 }],
      [...limits, { value: 'IN_PROGRESS', limit: 5 }],
      [{ limit: 1 }, { value: '', limit: 2 }],
      many,
      null,
    ];
    for (const each of refused)
      expect(await outcome(update(ada, { id, limits: each }))).toBe('VALIDATION_FAILED');
    await update(ada, { id, limits: many.slice(1) });
    expect((await read()).limits).toHaveLength(50);
    await update(ada, { id, groupBy: 'LABEL' });
    expect((await read()).limits).toHaveLength(50);
    await update(ada, { id, groupBy: 'STATUS' });
    expect(await read()).toEqual({ version: 3, limits: [] });
  });

  test('appears in the log for those who can see it', async () => {
    const { ada, bob, eve } = await people('Ada', 'Bob', 'Eve');
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const own = await create(ada, { name: 'Own' });
    const shared = await create(ada, { teamId: team.id, name: 'Shared' });
    await update(ada, { id: shared.id, name: 'Ours' });
    await remove(ada, shared.id);
    const kinds = async (person: Person, subject: string) => {
      const { activity } = await person.query<{ activity: { nodes: { kind: string }[] } }>(
        'query ($subject: ID!) { activity(filter: { subject: $subject }) { nodes { kind } } }',
        { subject },
      );
      return activity.nodes.map(({ kind }) => kind);
    };
    expect(await kinds(ada, own.id)).toEqual(['VIEW_CREATED']);
    expect(await kinds(bob, own.id)).toEqual([]);
    expect(await kinds(bob, shared.id)).toEqual(['VIEW_DELETED', 'VIEW_UPDATED', 'VIEW_CREATED']);
    expect(await kinds(eve, shared.id)).toEqual([]);
  });

  test('whose filter names a team that was renamed says so, and has no number', async () => {
    const { ada } = await people('Ada');
    const team = await teamOf(ada, []);
    const { slug } = await db.team.findUniqueOrThrow({ where: { id: uuidOf('Team', team.id) } });
    const view = await create(ada, { name: 'Team', filterText: `team:${slug}` });
    expect(view).toMatchObject({ totalCount: 0, filterErrors: [] });
    await ada.query('mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { cursor } }', {
      input: { id: team.id, slug: `${slug}-2` },
    });
    expect(await views(ada)).toMatchObject([
      { totalCount: null, isTotalCountExact: null, filterErrors: [{ code: 'UNKNOWN_TEAM' }] },
    ]);
    expect(await outcome(titles(ada, view.id))).toBe('VALIDATION_FAILED');
  });

  test.each([
    ['an empty name', { name: ' ' }],
    ['a name of 101 characters', { name: 'x'.repeat(101) }],
    ['an invalid filter', { name: 'x', filterText: 'is:opne' }],
    ['an unknown team', { name: 'x', filterText: 'team:no-such-team' }],
    ['a filter of 1,001 characters', { name: 'x', filterText: 'x'.repeat(1_001) }],
    ['no layout', { name: 'x', layout: 'PIE' }],
  ])('is refused with %s', async (_what, input) => {
    const { ada } = await people('Ada');
    expect(['VALIDATION_FAILED', 'BAD_USER_INPUT']).toContain(await outcome(create(ada, input)));
  });

  test('is one of at most 100 of a person, also at once', async () => {
    const { ada } = await people('Ada');
    const kept = { filterText: '', orderField: 'dueOn', orderDirection: 'asc', layout: 'LIST' };
    await db.view.createMany({
      data: Array.from({ length: 98 }, (_, n) => ({
        ...kept,
        name: `View ${n}`,
        position: `a${n}`,
        ownerId: uuidOf('User', ada.id),
      })),
    });
    const made = await Promise.all([1, 2, 3].map((n) => outcome(create(ada, { name: `More ${n}` }))));
    expect(made.filter((each) => each === 'CONFLICT')).toHaveLength(1);
    expect(await views(ada)).toHaveLength(100);
  });
});
