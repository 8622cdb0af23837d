import { describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { statementsOf } from '../kit/statements.ts';
import { accept, invite, outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people, query } = await startWorld();
const { ada, bob, cleo, dan, eve } = await people('Ada', 'Bob', 'Cleo', 'Dan', 'Eve');

interface Team {
  id: string;
  name: string;
  slug: string;
  description: string;
}

async function create(person: Person, input: Record<string, unknown>): Promise<Team & { cursor: string }> {
  const { createTeam } = await person.query<{ createTeam: { team: Team; cursor: string } }>(
    'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id name slug description } cursor } }',
    { input },
  );
  return { ...createTeam.team, cursor: createTeam.cursor };
}

async function update(person: Person, input: Record<string, unknown>): Promise<Team> {
  const { updateTeam } = await person.query<{ updateTeam: { team: Team } }>(
    'mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id name slug description } } }',
    { input },
  );
  return updateTeam.team;
}

async function remove(person: Person, id: string): Promise<{ deletedTeamId: string; cursor: string }> {
  const { deleteTeam } = await person.query<{ deleteTeam: { deletedTeamId: string; cursor: string } }>(
    'mutation ($id: ID!) { deleteTeam(input: { id: $id }) { deletedTeamId cursor } }',
    { id },
  );
  return deleteTeam;
}

function eventsOf(id: string) {
  return db.event.findMany({
    where: { teamId: uuidOf('Team', id) },
    orderBy: { sequence: 'asc' },
    select: { kind: true, actorId: true, subjectId: true, personId: true, data: true },
  });
}

const SNAPSHOT =
  'query ($id: ID, $slug: String) { team(id: $id, slug: $slug) { id viewerRole owner { name } } }';

describe('a new team', () => {
  test('[BR-01] is owned by its creator alone', async () => {
    const { id } = await create(ada, { name: 'The Garden', description: 'Beds 1 to 4' });
    const { team } = await ada.query<{ team: unknown }>(
      `query ($id: ID!) { team(id: $id) {
         name slug description viewerRole owner { name }
         viewerCan { createTask update invite transfer delete leave grantRoles }
         members { totalCount nodes { role user { name } viewerCan { manage } } }
         invitations { totalCount nodes { email } }
       } }`,
      { id },
    );
    expect(team).toEqual({
      name: 'The Garden',
      slug: 'the-garden',
      description: 'Beds 1 to 4',
      viewerRole: 'OWNER',
      owner: { name: 'Ada' },
      viewerCan: {
        createTask: true,
        update: true,
        invite: true,
        transfer: true,
        delete: true,
        leave: false,
        grantRoles: ['ADMIN', 'MEMBER', 'VIEWER'],
      },
      members: {
        totalCount: 1,
        nodes: [{ role: 'OWNER', user: { name: 'Ada' }, viewerCan: { manage: false } }],
      },
      invitations: { totalCount: 0, nodes: [] },
    });
    expect(await eventsOf(id)).toMatchObject([{ kind: 'team.created', actorId: uuidOf('User', ada.id) }]);
  });

  test.each([
    ['Büro für Übung', 'buro-fur-ubung'],
    ['Straße & Łódź', 'strasse-lodz'],
    ['  R&D  —  2026!  ', 'r-d-2026'],
    ['ﬁne ①②', 'fine-12'],
    ['Crème Brûlée', 'creme-brulee'],
    ['a'.repeat(100), 'a'.repeat(60)],
  ])('called "%s" has the slug "%s"', async (name, slug) => {
    expect((await create(ada, { name })).slug).toBe(slug);
  });

  test.each(['東京チーム', '🪴', '—'])('called "%s" has a slug from its id', async (name) => {
    const { id, slug } = await create(ada, { name });
    expect(slug).toBe(`team-${uuidOf('Team', id).slice(-12)}`);
  });

  test('gets a unique slug if another name has the same slug', async () => {
    const { slug: first } = await create(ada, { name: 'Kitchen' });
    const { slug: second, id } = await create(bob, { name: 'Kitchen!' });
    expect([first, second]).toEqual(['kitchen', `kitchen-${uuidOf('Team', id).slice(-12)}`]);
  });

  test('[FR-006] cannot have the name of another team, with any spacing or composition', async () => {
    await create(ada, { name: 'Café Crew' });
    for (const name of ['Café Crew', ' Café   Crew ', 'Cafe\u0301 Crew']) {
      await expect(create(bob, { name }), name).rejects.toMatchObject({
        code: 'CONFLICT',
        extensions: { field: 'name' },
      });
    }
  });

  test('[FR-006] cannot have the slug of another team', async () => {
    await create(ada, { name: 'Bakery', slug: 'bread' });
    await expect(create(bob, { name: 'Bread', slug: 'bread' })).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'slug' },
    });
  });

  test.each([
    ['name', { name: '   ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\0b' }],
    ['slug', { name: 'Slug', slug: 'Web Team' }],
    ['slug', { name: 'Slug', slug: 'WEB' }],
    ['slug', { name: 'Slug', slug: '-web' }],
    ['slug', { name: 'Slug', slug: 'web--team' }],
    ['slug', { name: 'Slug', slug: '' }],
    ['slug', { name: 'Slug', slug: 'x'.repeat(61) }],
    ['description', { name: 'Long', description: 'x'.repeat(2_001) }],
    ['id', { name: 'Id', id: 'team_1' }],
  ])('is rejected for its %s: %j', async (field, input) => {
    await expect(create(ada, input)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });

  test('[BR-10] sent twice with one id is created once', async () => {
    const input = { id: publicId('Team', newId()), name: 'Once', description: 'only' };
    const [first, second] = await Promise.all([create(ada, input), create(ada, input)]);
    expect(second).toEqual(first);
    expect(await eventsOf(input.id)).toHaveLength(1);
    await update(ada, { id: input.id, name: 'Renamed' });
    expect(await create(ada, input)).toMatchObject({ name: 'Renamed', cursor: first.cursor });

    const taken = { code: 'CONFLICT', extensions: { field: 'id' } };
    await expect(create(ada, { ...input, name: 'Other' })).rejects.toMatchObject(taken);
    await expect(create(bob, input)).rejects.toMatchObject(taken);
    await remove(ada, input.id);
    await expect(create(ada, input)).rejects.toMatchObject(taken);
  });

  test('created by twenty people concurrently with one name is one team', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => outcome(create(i % 2 ? ada : bob, { name: 'Rush' }))),
    );
    expect(outcomes.sort()).toEqual([...Array<string>(19).fill('CONFLICT'), 'ok']);
  });
});

describe('changing a team', () => {
  test('changes the given fields, and keeps the slug with a new name', async () => {
    const { id, slug } = await create(ada, { name: 'Choir', description: 'Mondays' });
    expect(await update(ada, { id, name: 'Big Choir' })).toEqual({
      id,
      slug,
      name: 'Big Choir',
      description: 'Mondays',
    });
    expect(await update(ada, { id, slug: 'sing', description: '' })).toMatchObject({
      slug: 'sing',
      description: '',
    });
    await update(ada, { id, slug: 'sing' });
    expect((await eventsOf(id)).map(({ kind, data }) => [kind, data])).toEqual([
      ['team.created', expect.anything()],
      ['team.updated', { fields: ['name'] }],
      ['team.updated', { fields: ['slug', 'description'] }],
    ]);
  });

  test('to the name or slug of another team is a conflict', async () => {
    const { id } = await create(ada, { name: 'Mine' });
    await create(bob, { name: 'Others' });
    for (const [field, value] of [
      ['name', 'Others'],
      ['slug', 'others'],
    ] as const) {
      await expect(update(ada, { id, [field]: value })).rejects.toMatchObject({
        code: 'CONFLICT',
        extensions: { field },
      });
    }
  });
});

describe('deleting a team', () => {
  test('[FR-006] leaves its tasks to their owners, including former members', async () => {
    const { id } = await teamOf(ada, [
      [bob, 'MEMBER'],
      [cleo, 'MEMBER'],
    ]);
    const tasks = [
      [ada, await ada.createTask('Of Ada', { teamId: id })],
      [bob, await bob.createTask('Of Bob', { teamId: id })],
      [cleo, await cleo.createTask('Of Cleo', { teamId: id })],
    ] as const;
    await cleo.query('mutation ($id: ID!) { leaveTeam(input: { teamId: $id }) { cursor } }', { id });
    await remove(ada, id);

    const read = 'query ($id: ID!) { task(id: $id) { title team { id } } }';
    for (const [owner, task] of tasks) {
      expect(await owner.query(read, { id: task })).toEqual({
        task: { title: `Of ${owner.name}`, team: null },
      });
    }
    expect(await outcome(ada.query(read, { id: tasks[1][1] }))).toBe('NOT_FOUND');
    expect(await db.membership.count({ where: { teamId: uuidOf('Team', id) } })).toBe(0);
  });

  test('[BR-10] twice, also concurrently, is one event', async () => {
    const { id } = await teamOf(ada);
    const [first, second] = await Promise.all([remove(ada, id), remove(ada, id)]);
    expect(second).toEqual(first);
    expect(first.deletedTeamId).toBe(id);
    expect(await remove(ada, id)).toEqual(first);
    expect(await outcome(remove(bob, id))).toBe('NOT_FOUND');
    const kinds = (await eventsOf(id)).map(({ kind }) => kind);
    expect(kinds).toEqual(['team.created', 'team.deleted']);
  });

  test('[FR-014] takes one statement, for any number of tasks', async () => {
    const { id } = await teamOf(ada);
    const task = { ownerId: uuidOf('User', ada.id), teamId: uuidOf('Team', id), position: 'a0' };
    await db.task.createMany({ data: Array.from({ length: 2_000 }, () => ({ ...task, title: 'Of many' })) });
    const statements = await statementsOf(() => remove(ada, id));
    expect(statements.filter((sql) => /^(DELETE|UPDATE)/.test(sql))).toEqual([
      expect.stringMatching(/^DELETE FROM "public"\."teams"/),
    ]);
    expect(await db.task.count({ where: { teamId: null, title: 'Of many' } })).toBe(2_000);
  });
});

describe('access to a team', () => {
  test('[FR-009] [FR-029] is for its members, by id, by slug, through node, and in their lists', async () => {
    const { id } = await teamOf(ada, [[bob, 'VIEWER']]);
    const { slug } = await db.team.findUniqueOrThrow({ where: { id: uuidOf('Team', id) } });
    const seen = { team: { id, viewerRole: 'VIEWER', owner: { name: 'Ada' } } };
    expect(await bob.query(SNAPSHOT, { id })).toEqual(seen);
    expect(await bob.query(SNAPSHOT, { slug })).toEqual(seen);

    const absent = publicId('Team', newId());
    const unlike = (error: unknown) => (error instanceof Error ? error.message : error);
    const answers = await Promise.all(
      [{ id }, { slug }, { id: absent }, { slug: 'no-such-team' }].map((which) =>
        eve.query(SNAPSHOT, which).catch(unlike),
      ),
    );
    expect(new Set(answers)).toEqual(new Set(['This team does not exist, or you do not have access to it.']));
    expect(await eve.query('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
    const lists = '{ teams(filter: { name: { contains: "of Ada" } }) { totalCount nodes { id } } }';
    expect(await eve.query(lists)).toEqual({ teams: { totalCount: 0, nodes: [] } });
    expect(await outcome(query(SNAPSHOT, { id }))).toBe('UNAUTHENTICATED');
  });

  test.each([{}, { id: 'team_01k', slug: 'x' }])(
    'requires either its id or its slug, not %j',
    async (which) => {
      await expect(ada.query(SNAPSHOT, which)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    },
  );
});

describe('the list of teams', () => {
  interface Page {
    teams: {
      totalCount: number;
      nodes: { name: string }[];
      pageInfo: { endCursor: string; hasNextPage: boolean };
    };
  }
  const LIST = `query ($first: Int, $after: String, $filter: TeamFilter, $orderBy: TeamOrder) {
    teams(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      totalCount nodes { name } pageInfo { endCursor hasNextPage }
    }
  }`;
  const namesFor = async (variables: Record<string, unknown>) => {
    const { teams } = await dan.query<Page>(LIST, variables);
    return teams.nodes.map(({ name }) => name);
  };

  test('can be filtered by name and role, ordered, and paged', async () => {
    for (const name of ['Zebra 100%', 'Aster', 'Mint_1']) await create(dan, { name });
    const { id } = await create(ada, { name: 'Mint 2' });
    await accept(dan, await invite(ada, id, dan.email, 'VIEWER'));

    expect(await namesFor({ orderBy: { field: 'CREATED_AT', direction: 'DESC' } })).toEqual([
      'Mint 2',
      'Mint_1',
      'Aster',
      'Zebra 100%',
    ]);
    expect(await namesFor({ filter: { name: { contains: 'mint' }, viewerRole: { eq: 'VIEWER' } } })).toEqual([
      'Mint 2',
    ]);
    expect(await namesFor({ filter: { name: { contains: '_' } } })).toEqual(['Mint_1']);
    expect(await namesFor({ filter: { name: { contains: '0%' } } })).toEqual(['Zebra 100%']);
    expect(await namesFor({ filter: { not: { viewerRole: { in: ['OWNER', 'ADMIN'] } } } })).toEqual([
      'Mint 2',
    ]);

    const all = await namesFor({});
    expect(await namesFor({ orderBy: { field: 'NAME', direction: 'DESC' } })).toEqual(all.toReversed());
    expect([all[0], all.at(-1)]).toEqual(['Aster', 'Zebra 100%']);
    const paged: string[] = [];
    for (let after: string | null = null; ;) {
      const { teams }: Page = await dan.query<Page>(LIST, { first: 1, after });
      expect(teams.totalCount).toBe(4);
      paged.push(...teams.nodes.map(({ name }) => name));
      if (!teams.pageInfo.hasNextPage) break;
      after = teams.pageInfo.endCursor;
    }
    expect(paged).toEqual(all);
  });

  test('[FR-014] uses the same statements for one team and for twenty', async () => {
    const document = `query ($first: Int) { teams(first: $first, orderBy: { field: CREATED_AT, direction: DESC }) { nodes {
      name viewerRole owner { name } viewerCan { update grantRoles }
      members(first: 5) { totalCount nodes { role user { name invitations { totalCount } } viewerCan { manage } } }
      invitations(first: 5) { nodes { email teamName invitedBy { name } team { name } } }
    } } }`;
    for (let i = 0; i < 20; i += 1) {
      const { id } = await teamOf(cleo, [[bob, 'ADMIN']]);
      await invite(cleo, id, dan.email);
    }
    const cost = async (first: number) => {
      let found: { teams: { nodes: { owner: object; members: { nodes: object[] } }[] } } | undefined;
      const statements = await statementsOf(async () => {
        found = await cleo.query(document, { first });
      });
      expect(found?.teams.nodes).toHaveLength(first);
      for (const { owner, members } of found?.teams.nodes ?? []) {
        expect(owner).toEqual({ name: 'Cleo' });
        expect(members.nodes).toHaveLength(2);
      }
      return statements.filter((sql) => /FROM "public"\."(teams|memberships|team_invitations)"/.test(sql))
        .length;
    };
    // The list, the owners, the viewer's own invitations and their number.
    expect([await cost(1), await cost(20)]).toEqual([4, 4]);
  });
});
