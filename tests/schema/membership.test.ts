import { describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { accept, invite, outcome, teamOf, type Team } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people, query } = await startWorld();
const { ada, bob, cleo, dan, eve, fay, gil } = await people('Ada', 'Bob', 'Cleo', 'Dan', 'Eve', 'Fay', 'Gil');

const RENAME = 'mutation ($id: ID!) { updateTeam(input: { id: $id, description: "New" }) { cursor } }';
const DELETE = 'mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }';
const INVITE = `mutation ($id: ID!, $email: String!, $role: TeamRole) {
  inviteMember(input: { teamId: $id, email: $email, role: $role }) { cursor }
}`;
const CHANGE_ROLE =
  'mutation ($id: ID!, $role: TeamRole!) { changeRole(input: { id: $id, role: $role }) { membership { role } cursor } }';
const REMOVE = 'mutation ($id: ID!) { removeMember(input: { id: $id }) { removedMembershipId cursor } }';
const LEAVE = 'mutation ($id: ID!) { leaveTeam(input: { teamId: $id }) { removedMembershipId cursor } }';
const TRANSFER = `mutation ($id: ID!, $to: ID!) {
  transferOwnership(input: { teamId: $id, userId: $to }) { team { owner { name } viewerRole } cursor }
}`;
const ADD_TASK = 'mutation ($id: ID!) { createTask(input: { title: "Water", teamId: $id }) { cursor } }';
const SEE = 'query ($id: ID!) { team(id: $id) { name } }';

/**
 * Ada owns it; Bob is an admin, Cleo a member, Dan a viewer, Eve was a member; Fay never was, and Gil is another admin.
 */
async function garden(): Promise<Team> {
  const team = await teamOf(ada, [
    [bob, 'ADMIN'],
    [cleo, 'MEMBER'],
    [dan, 'VIEWER'],
    [eve, 'MEMBER'],
    [gil, 'ADMIN'],
  ]);
  await eve.query(LEAVE, { id: team.id });
  return team;
}

function memberOf(team: Team, person: Person): string {
  return team.memberships.get(person.id) ?? '';
}

const anonymous = {
  query: <Data>(document: string, variables?: Record<string, unknown>) => query<Data>(document, variables),
};
const everyone = [ada, bob, cleo, dan, eve, fay, anonymous];

type Attempt = (who: Pick<Person, 'query'>, team: Team) => Promise<unknown>;

const invites =
  (role: string): Attempt =>
  (who, { id }) =>
    who.query(INVITE, { id, email: fay.email, role });
const makes =
  (member: Person, role: string): Attempt =>
  (who, team) =>
    who.query(CHANGE_ROLE, { id: memberOf(team, member), role });
const removes =
  (member: Person): Attempt =>
  (who, team) =>
    who.query(REMOVE, { id: memberOf(team, member) });
const sends =
  (document: string): Attempt =>
  (who, { id }) =>
    who.query(document, { id });

const attempts: Record<string, Attempt> = {
  'see it': sends(SEE),
  'add a task': sends(ADD_TASK),
  'change it': sends(RENAME),
  'delete it': sends(DELETE),
  'hand it over': (who, { id }) => who.query(TRANSFER, { id, to: cleo.id }),
  'leave it': sends(LEAVE),
  'invite an owner': invites('OWNER'),
  'invite an admin': invites('ADMIN'),
  'invite a member': invites('MEMBER'),
  'invite a viewer': invites('VIEWER'),
  'make a member owner': makes(cleo, 'OWNER'),
  'make a member admin': makes(cleo, 'ADMIN'),
  'make a member viewer': makes(cleo, 'VIEWER'),
  'make a viewer member': makes(dan, 'MEMBER'),
  'make an admin member': makes(gil, 'MEMBER'),
  'make the owner admin': makes(ada, 'ADMIN'),
  'remove a member': removes(cleo),
  'remove a viewer': removes(dan),
  'remove an admin': removes(gil),
  'remove the owner': removes(ada),
};

const RIGHTS = `
                         owner   | admin   | member  | viewer  | former  | stranger | anonymous
  see it               : yes     | yes     | yes     | yes     | hidden  | hidden   | sign in
  add a task           : yes     | yes     | yes     | no      | hidden  | hidden   | sign in
  change it            : yes     | yes     | no      | no      | hidden  | hidden   | sign in
  delete it            : yes     | no      | no      | no      | hidden  | hidden   | sign in
  hand it over         : yes     | no      | no      | no      | hidden  | hidden   | sign in
  leave it             : no      | yes     | yes     | yes     | yes     | hidden   | sign in

  invite an owner      : invalid | invalid | invalid | invalid | invalid | invalid  | sign in
  invite an admin      : yes     | no      | no      | no      | hidden  | hidden   | sign in
  invite a member      : yes     | yes     | no      | no      | hidden  | hidden   | sign in
  invite a viewer      : yes     | yes     | no      | no      | hidden  | hidden   | sign in

  make a member owner  : invalid | invalid | invalid | invalid | invalid | invalid  | sign in
  make a member admin  : yes     | no      | no      | no      | hidden  | hidden   | sign in
  make a member viewer : yes     | yes     | no      | no      | hidden  | hidden   | sign in
  make a viewer member : yes     | yes     | no      | no      | hidden  | hidden   | sign in
  make an admin member : yes     | no      | no      | no      | hidden  | hidden   | sign in
  make the owner admin : no      | no      | no      | no      | hidden  | hidden   | sign in

  remove a member      : yes     | yes     | no      | no      | hidden  | hidden   | sign in
  remove a viewer      : yes     | yes     | no      | no      | hidden  | hidden   | sign in
  remove an admin      : yes     | no      | no      | no      | hidden  | hidden   | sign in
  remove the owner     : no      | no      | no      | no      | hidden  | hidden   | sign in
`;

const meanings: Record<string, string> = {
  yes: 'ok',
  no: 'FORBIDDEN',
  hidden: 'NOT_FOUND',
  invalid: 'VALIDATION_FAILED',
  'sign in': 'UNAUTHENTICATED',
};

describe('[BR-01] [BR-02] [BR-03] [BR-08] [FR-029] rights in a team', () => {
  const rows = RIGHTS.split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => line.split(':').map((part) => part.trim()) as [what: string, cells: string]);

  test('are listed for every attempt', () => {
    expect(rows.map(([what]) => what)).toEqual(Object.keys(attempts));
  });

  test.each(rows)('%s: %s', async (what, cells) => {
    const attempt = attempts[what];
    if (!attempt) throw new Error(`unknown attempt: ${what}`);
    const answers: unknown[] = [];
    let team = await garden();
    for (const who of everyone) {
      answers.push(await outcome(attempt(who, team)));
      // A refusal changes nothing, so the next attempt can use the same team.
      if (answers.at(-1) === 'ok') team = await garden();
    }
    expect(answers).toEqual(cells.split('|').map((cell) => meanings[cell.trim()]));
  });

  test('[FR-029] are as the API predicts', async () => {
    const { id } = await garden();
    const document = `query ($id: ID!) { team(id: $id) {
      viewerRole viewerCan { createTask update invite transfer delete leave grantRoles }
      members { nodes { user { name } viewerCan { manage } } }
    } }`;
    interface Answer {
      team: {
        viewerRole: string;
        viewerCan: Record<string, boolean | string[]>;
        members: { nodes: { user: { name: string }; viewerCan: { manage: boolean } }[] };
      };
    }
    const table = await Promise.all(
      [ada, bob, cleo, dan].map(async (person) => {
        const { team } = await person.query<Answer>(document, { id });
        const { grantRoles, ...rights } = team.viewerCan;
        const may = Object.keys(rights).filter((right) => rights[right]);
        const managed = team.members.nodes.filter(({ viewerCan }) => viewerCan.manage);
        return [
          team.viewerRole,
          may.join(' '),
          (grantRoles as string[]).join(' '),
          managed.map(({ user }) => user.name).join(' '),
        ];
      }),
    );
    expect(table).toEqual([
      ['OWNER', 'createTask update invite transfer delete', 'ADMIN MEMBER VIEWER', 'Bob Cleo Dan Gil'],
      ['ADMIN', 'createTask update invite leave', 'MEMBER VIEWER', 'Cleo Dan'],
      ['MEMBER', 'createTask leave', '', ''],
      ['VIEWER', 'leave', '', ''],
    ]);
  });
});

function membersOf({ id }: Team) {
  return db.membership.findMany({
    where: { teamId: uuidOf('Team', id) },
    orderBy: { id: 'asc' },
    select: { role: true, user: { select: { name: true } } },
  });
}

async function lastEvent({ id }: Team) {
  return db.event.findFirst({
    where: { teamId: uuidOf('Team', id) },
    orderBy: { sequence: 'desc' },
    select: { kind: true, actorId: true, personId: true, subjectId: true, data: true },
  });
}

function eventBy(actor: Person, person: Person, team: Team) {
  return {
    actorId: uuidOf('User', actor.id),
    personId: uuidOf('User', person.id),
    subjectId: uuidOf('Membership', memberOf(team, person)),
  };
}

describe('roles', () => {
  test('[FR-028] a change of role is an event; setting the same role again is none', async () => {
    const team = await garden();
    const id = memberOf(team, cleo);
    expect(await bob.query(CHANGE_ROLE, { id, role: 'VIEWER' })).toMatchObject({
      changeRole: { membership: { role: 'VIEWER' } },
    });
    const event = {
      kind: 'team.roleChanged',
      ...eventBy(bob, cleo, team),
      data: { before: 'MEMBER', after: 'VIEWER' },
    };
    expect(await lastEvent(team)).toEqual(event);
    const before = await db.event.count();
    await bob.query(CHANGE_ROLE, { id, role: 'VIEWER' });
    expect(await db.event.count()).toBe(before);
  });

  test('a missing membership causes no event', async () => {
    const id = publicId('Membership', newId());
    expect(await outcome(ada.query(CHANGE_ROLE, { id, role: 'VIEWER' }))).toBe('NOT_FOUND');
    expect(await outcome(ada.query(REMOVE, { id }))).toBe('NOT_FOUND');
  });
});

describe('leaving a team', () => {
  test('[BR-06] ends all rights on its tasks, including own and shared ones, and no others', async () => {
    for (const go of [
      (team: Team) => cleo.query(LEAVE, { id: team.id }),
      (team: Team) => bob.query(REMOVE, { id: memberOf(team, cleo) }),
    ]) {
      const team = await garden();
      const own = await cleo.createTask('Own', { teamId: team.id });
      const shared = await ada.createTask('Shared', { teamId: team.id });
      const elsewhere = await ada.createTask('Elsewhere');
      const share = 'mutation ($input: ShareTaskInput!) { shareTask(input: $input) { share { id } } }';
      for (const taskId of [shared, elsewhere]) {
        await ada.query(share, { input: { taskId, userId: cleo.id, permission: 'EDIT' } });
      }
      await ada.query(share, { input: { taskId: shared, userId: dan.id } });
      const read = (id: string) =>
        outcome(cleo.query('query ($id: ID!) { task(id: $id) { title } }', { id }));
      expect(await Promise.all([own, shared, elsewhere].map(read))).toEqual(['ok', 'ok', 'ok']);
      await go(team);
      expect(await Promise.all([own, shared, elsewhere].map(read))).toEqual(['NOT_FOUND', 'NOT_FOUND', 'ok']);

      const teamId = uuidOf('Team', team.id);
      expect(
        await db.taskShare.findMany({ where: { task: { teamId } }, select: { sharedWithId: true } }),
      ).toEqual([{ sharedWithId: uuidOf('User', dan.id) }]);
      expect(await db.task.findFirst({ where: { id: uuidOf('Task', own) } })).toMatchObject({
        teamId,
        ownerId: uuidOf('User', cleo.id),
      });
    }
  });

  test('[BR-11] is an event that names the former member, and the person who removed them', async () => {
    const team = await garden();
    await cleo.query(LEAVE, { id: team.id });
    expect(await lastEvent(team)).toEqual({
      kind: 'team.memberLeft',
      ...eventBy(cleo, cleo, team),
      data: { role: 'MEMBER' },
    });
    await bob.query(REMOVE, { id: memberOf(team, dan) });
    expect(await lastEvent(team)).toEqual({
      kind: 'team.memberRemoved',
      ...eventBy(bob, dan, team),
      data: { role: 'VIEWER' },
    });
  });

  test.each([
    ['leaving', (team: Team) => cleo.query(LEAVE, { id: team.id })],
    ['being removed', (team: Team) => bob.query(REMOVE, { id: memberOf(team, cleo) })],
  ])('[BR-10] %s twice, also concurrently, has no effect the second time', async (_what, go) => {
    const team = await garden();
    const answers = await Promise.all([go(team), go(team)]);
    expect(answers[1]).toEqual(answers[0]);
    const before = await db.event.count();
    expect(await go(team)).toEqual(answers[0]);
    expect(await db.event.count()).toBe(before);
  });

  test('[BR-02] is rejected for the owner, who must transfer the team first', async () => {
    const team = await garden();
    const sentence = /Transfer ownership to another member first/;
    await expect(ada.query(LEAVE, { id: team.id })).rejects.toThrow(sentence);
    await expect(ada.query(REMOVE, { id: memberOf(team, ada) })).rejects.toThrow(sentence);
    await expect(bob.query(REMOVE, { id: memberOf(team, ada) })).rejects.toThrow(sentence);

    await ada.query(TRANSFER, { id: team.id, to: bob.id });
    await ada.query(LEAVE, { id: team.id });
    expect(await outcome(ada.query(SEE, { id: team.id }))).toBe('NOT_FOUND');
  });

  test('a person who left can be invited again', async () => {
    const team = await garden();
    await accept(eve, await invite(bob, team.id, eve.email, 'VIEWER'));
    expect(await eve.query('query ($id: ID!) { team(id: $id) { viewerRole } }', { id: team.id })).toEqual({
      team: { viewerRole: 'VIEWER' },
    });
    await eve.query(LEAVE, { id: team.id });
    expect(await outcome(eve.query(SEE, { id: team.id }))).toBe('NOT_FOUND');
  });
});

describe('transferring a team', () => {
  test('[BR-02] makes the former owner an admin, in one event', async () => {
    const team = await garden();
    expect(await ada.query(TRANSFER, { id: team.id, to: dan.id })).toMatchObject({
      transferOwnership: { team: { owner: { name: 'Dan' }, viewerRole: 'ADMIN' } },
    });
    expect(await membersOf(team)).toEqual([
      { role: 'ADMIN', user: { name: 'Ada' } },
      { role: 'ADMIN', user: { name: 'Bob' } },
      { role: 'MEMBER', user: { name: 'Cleo' } },
      { role: 'OWNER', user: { name: 'Dan' } },
      { role: 'ADMIN', user: { name: 'Gil' } },
    ]);
    const [before, after] = [uuidOf('User', ada.id), uuidOf('User', dan.id)];
    expect(await lastEvent(team)).toEqual({
      kind: 'team.ownershipTransferred',
      actorId: before,
      personId: after,
      subjectId: uuidOf('Team', team.id),
      data: { before, after },
    });
  });

  test('[BR-02] requires another member as the new owner', async () => {
    const team = await garden();
    for (const to of [eve.id, fay.id, publicId('User', newId())]) {
      expect(await outcome(ada.query(TRANSFER, { id: team.id, to }))).toBe('NOT_FOUND');
    }
    await expect(ada.query(TRANSFER, { id: team.id, to: ada.id })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'userId' },
    });
  });
});
