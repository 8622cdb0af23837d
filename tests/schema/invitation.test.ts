import { describe, expect, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { acceptById, invite, outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people, query } = await startWorld();
const { ada, bob, cleo, dan, eve } = await people('Ada', 'Bob', 'Cleo', 'Dan', 'Eve');
await verifyAccount(db, dan.email);

const REVOKE = 'mutation ($id: ID!) { revokeInvitation(input: { id: $id }) { revokedInvitationId cursor } }';
const ACCEPT =
  'mutation ($id: ID!) { acceptInvitation(input: { id: $id }) { membership { id role } cursor } }';
const OWN = `{ viewer { invitations { totalCount nodes {
  id teamName team { name } email role invitedBy { name } viewerCan { accept revoke }
} } } }`;

interface Own {
  viewer: { invitations: { totalCount: number; nodes: { id: string; teamName: string }[] } };
}

/** Ada owns it; Bob is an admin, Cleo a member; Dan is invited, by his verified address; Eve has no relation to it. */
async function garden(role = 'MEMBER') {
  const team = await teamOf(ada, [
    [bob, 'ADMIN'],
    [cleo, 'MEMBER'],
  ]);
  const { id: invitation } = await invite(ada, team.id, dan.email, role);
  return { ...team, invitation };
}

function eventsOf(teamId: string, kind: string) {
  return db.event.findMany({
    where: { teamId: uuidOf('Team', teamId), kind },
    orderBy: { sequence: 'asc' },
    select: { actorId: true, subjectId: true, personId: true, data: true },
  });
}

describe('an invitation', () => {
  test('shows the invited person the team, the role and the inviter, and nothing else of the team', async () => {
    const { id, invitation } = await garden();
    const { name } = await db.team.findUniqueOrThrow({ where: { id: uuidOf('Team', id) } });
    const { viewer } = await dan.query<Own>(OWN);
    expect(viewer.invitations.nodes.find((own) => own.id === invitation)).toEqual({
      id: invitation,
      teamName: name,
      team: null,
      email: dan.email,
      role: 'MEMBER',
      invitedBy: { name: 'Ada' },
      viewerCan: { accept: true, revoke: true },
    });
    expect(await outcome(dan.query('query ($id: ID!) { team(id: $id) { name } }', { id }))).toBe('NOT_FOUND');
  });

  test('is visible to the invited person and the leaders of the team, also through `node`', async () => {
    const { id, invitation } = await garden();
    const node = 'query ($id: ID!) { node(id: $id) { id } }';
    const list = 'query ($id: ID!) { team(id: $id) { invitations { totalCount nodes { id } } } }';
    const seen = { node: { id: invitation } };
    for (const person of [ada, bob, dan]) expect(await person.query(node, { id: invitation })).toEqual(seen);
    for (const person of [cleo, eve]) {
      expect(await person.query(node, { id: invitation })).toEqual({ node: null });
    }
    expect(await bob.query(list, { id })).toEqual({
      team: { invitations: { totalCount: 1, nodes: [{ id: invitation }] } },
    });
    expect(await cleo.query(list, { id })).toEqual({ team: { invitations: { totalCount: 0, nodes: [] } } });
  });

  test('is not visible to other people', async () => {
    const { id } = await garden();
    await invite(ada, id, eve.email);
    const { team } = await ada.query<{ team: { members: { nodes: { user: { invitations: object } }[] } } }>(
      `query ($id: ID!) { team(id: $id) { members { nodes { user { invitations { totalCount nodes { id } } } } } } }`,
      { id },
    );
    for (const { user } of team.members.nodes) expect(user.invitations).toEqual({ totalCount: 0, nodes: [] });
  });

  test('can be made to an address without an account, in any case, and waits until it is verified', async () => {
    const { id } = await garden();
    const invitation = await invite(ada, id, 'Later.Person@Example.com', 'VIEWER');
    const { signUp } = await query<{ signUp: { token: string } }>(
      `mutation { signUp(input: { name: "Later", email: "later.person@example.com", password: "correct horse battery" }) { token } }`,
    );
    const later = { authorization: `Bearer ${signUp.token}` };
    expect(await outcome(query(ACCEPT, { id: invitation.id }, later))).toBe('NOT_FOUND');
    await verifyAccount(db, 'later.person@example.com');
    expect(await query(ACCEPT, { id: invitation.id }, later)).toMatchObject({
      acceptInvitation: { membership: { role: 'VIEWER' } },
    });
  });

  test('is renewed by inviting again, with the new role', async () => {
    const { id, invitation } = await garden('VIEWER');
    const ran = new Date(Date.now() - 1_000);
    await db.teamInvitation.update({
      where: { id: uuidOf('TeamInvitation', invitation) },
      data: { expiresAt: ran },
    });
    expect(await invite(bob, id, dan.email, 'MEMBER')).toMatchObject({ id: invitation });
    const renewed = await db.teamInvitation.findMany({ where: { teamId: uuidOf('Team', id) } });
    expect(renewed).toMatchObject([{ role: 'MEMBER', invitedById: uuidOf('User', bob.id) }]);
    const days = ((renewed[0]?.expiresAt.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(7, 2);
    expect((await eventsOf(id, 'team.memberInvited')).slice(-2)).toMatchObject([
      { actorId: uuidOf('User', ada.id), personId: null, data: { role: 'VIEWER' } },
      { actorId: uuidOf('User', bob.id), personId: null, data: { role: 'MEMBER' } },
    ]);
  });

  test('notifies the invited person, and does not reveal to others whether they have an account', async () => {
    const { id, invitation } = await garden();
    await ada.query(REVOKE, { id: invitation });
    const { id: again } = await invite(ada, id, dan.email);
    await ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id });
    const newsOf = async (person: Person) => {
      const { activity } = await person.query<{ activity: { nodes: object[] } }>(
        `query ($first: ID!, $second: ID!) {
           activity(filter: { or: [{ subject: $first }, { subject: $second }] }) {
             nodes { kind actor { name } person { name } changes { after } }
           }
         }`,
        { first: invitation, second: again },
      );
      return activity.nodes;
    };
    const own = { actor: null, person: { name: 'Dan' } };
    expect(await newsOf(dan)).toEqual([
      { kind: 'TEAM_INVITATION_REVOKED', ...own, changes: [] },
      { kind: 'TEAM_MEMBER_INVITED', ...own, changes: [{ after: 'MEMBER' }] },
      { kind: 'TEAM_INVITATION_REVOKED', ...own, changes: [] },
      { kind: 'TEAM_MEMBER_INVITED', ...own, changes: [{ after: 'MEMBER' }] },
    ]);
    expect(await newsOf(eve)).toEqual([]);
    const other = await teamOf(ada);
    await invite(ada, other.id, dan.email);
    await invite(ada, other.id, 'unknown.yet@example.com');
    expect(await eventsOf(other.id, 'team.memberInvited')).toMatchObject([
      { actorId: uuidOf('User', ada.id), personId: null },
      { actorId: uuidOf('User', ada.id), personId: null },
    ]);
  });

  test('[BR-03] as an admin can be changed or revoked by the owner, but not by another admin', async () => {
    const { id, invitation } = await garden('ADMIN');
    expect(await outcome(invite(bob, id, dan.email, 'VIEWER'))).toBe('FORBIDDEN');
    expect(await outcome(bob.query(REVOKE, { id: invitation }))).toBe('FORBIDDEN');
    expect(await outcome(ada.query(REVOKE, { id: invitation }))).toBe('ok');
  });

  test('of a member is a conflict', async () => {
    const { id } = await garden();
    for (const member of [ada, bob, cleo]) {
      await expect(invite(ada, id, member.email.toUpperCase())).rejects.toMatchObject({
        code: 'CONFLICT',
        extensions: { field: 'email' },
      });
    }
  });

  test.each(['', 'dan', 'dan@', `${'x'.repeat(250)}@example.com`])(
    'of the address "%s" is rejected',
    async (email) => {
      const { id } = await garden();
      await expect(invite(ada, id, email)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'email' },
      });
    },
  );
});

describe('answering an invitation', () => {
  test('[FR-007] accepting it adds a member, with one event, and removes the invitation', async () => {
    const { id, invitation } = await garden('VIEWER');
    const member = await acceptById(dan, invitation);
    expect(await eventsOf(id, 'team.memberJoined')).toMatchObject([
      {},
      {},
      {
        actorId: uuidOf('User', dan.id),
        personId: uuidOf('User', dan.id),
        subjectId: uuidOf('Membership', member),
        data: { role: 'VIEWER' },
      },
    ]);
    const { viewer } = await dan.query<Own>(OWN);
    expect(viewer.invitations.nodes.map((own) => own.id)).not.toContain(invitation);
    expect(await dan.query('query ($id: ID!) { team(id: $id) { viewerRole } }', { id })).toEqual({
      team: { viewerRole: 'VIEWER' },
    });
  });

  test('accepting it again has no effect; after leaving, it is NOT_FOUND', async () => {
    const { id, invitation } = await garden();
    const member = await acceptById(dan, invitation);
    expect(await acceptById(dan, invitation)).toBe(member);
    await dan.query('mutation ($id: ID!) { leaveTeam(input: { teamId: $id }) { cursor } }', { id });
    expect(await outcome(acceptById(dan, invitation))).toBe('NOT_FOUND');
  });

  test('an expired invitation has its own error for the invited person, and is NOT_FOUND for others', async () => {
    const { invitation } = await garden();
    await db.teamInvitation.update({
      where: { id: uuidOf('TeamInvitation', invitation) },
      data: { expiresAt: new Date(Date.now() - 1_000) },
    });
    await expect(acceptById(dan, invitation)).rejects.toThrow(
      'This invitation has expired. Ask the team’s owner for a new one.',
    );
    for (const person of [ada, eve]) expect(await outcome(acceptById(person, invitation))).toBe('NOT_FOUND');
    const { viewer } = await dan.query<Own>(OWN);
    expect(viewer.invitations.nodes.map((own) => own.id)).not.toContain(invitation);
  });

  interface Cell {
    who: string;
    person: Person;
    accepts: string;
    revokes: string;
  }
  test.each<Cell>([
    { who: 'the invited person, by their verified address,', person: dan, accepts: 'ok', revokes: 'ok' },
    { who: 'the owner', person: ada, accepts: 'FORBIDDEN', revokes: 'ok' },
    { who: 'an admin', person: bob, accepts: 'FORBIDDEN', revokes: 'ok' },
    { who: 'a member', person: cleo, accepts: 'NOT_FOUND', revokes: 'NOT_FOUND' },
    { who: 'a stranger', person: eve, accepts: 'NOT_FOUND', revokes: 'NOT_FOUND' },
  ])('[BR-08] for $who, accepting is $accepts and revoking $revokes', async (cell) => {
    expect(await outcome(acceptById(cell.person, (await garden()).invitation))).toBe(cell.accepts);
    expect(await outcome(cell.person.query(REVOKE, { id: (await garden()).invitation }))).toBe(cell.revokes);
    expect(await outcome(acceptById(cell.person, publicId('TeamInvitation', newId())))).toBe('NOT_FOUND');
  });

  test('[FR-011] answering requires a credential', async () => {
    const { invitation: id } = await garden();
    expect(await outcome(query(ACCEPT, { id }))).toBe('UNAUTHENTICATED');
    expect(await outcome(query(REVOKE, { id }))).toBe('UNAUTHENTICATED');
  });

  test('[BR-10] revoking it twice, also concurrently, is one event; it cannot be accepted afterwards', async () => {
    const { id, invitation } = await garden();
    const revoke = () => bob.query<{ revokeInvitation: object }>(REVOKE, { id: invitation });
    const answers = await Promise.all([revoke(), revoke()]);
    expect(answers[1]).toEqual(answers[0]);
    expect(await revoke()).toEqual(answers[0]);
    expect(await eventsOf(id, 'team.invitationRevoked')).toHaveLength(1);
    expect(await outcome(acceptById(dan, invitation))).toBe('NOT_FOUND');
  });
});
