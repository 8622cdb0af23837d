import { expect, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { accept, acceptById, invite, outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();
const { ada, bob, cleo, dan } = await people('Ada', 'Bob', 'Cleo', 'Dan');

const TRANSFER =
  'mutation ($id: ID!, $to: ID!) { transferOwnership(input: { teamId: $id, userId: $to }) { cursor } }';
const REMOVE = 'mutation ($id: ID!) { removeMember(input: { id: $id }) { cursor } }';
const LEAVE = 'mutation ($id: ID!) { leaveTeam(input: { teamId: $id }) { cursor } }';

function transfer(from: Person, id: string, to: string) {
  return outcome(from.query(TRANSFER, { id, to }));
}

function ownersOf(id: string) {
  return db.membership.count({ where: { teamId: uuidOf('Team', id), role: 'OWNER' } });
}

function tally(outcomes: readonly unknown[]) {
  const counts: Record<string, number> = {};
  for (const each of outcomes) counts[String(each)] = (counts[String(each)] ?? 0) + 1;
  return counts;
}

/** Team members inserted into the database, so that a hundred people need no passwords. */
async function joinedBy(teamId: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await db.user.createMany({
    data: ids.map((id) => ({ id, name: 'Heir', email: `${id}@example.com`, updatedAt: new Date() })),
  });
  await db.membership.createMany({
    data: ids.map((userId) => ({ teamId: uuidOf('Team', teamId), userId, role: 'MEMBER' as const })),
  });
  return ids.map((id) => publicId('User', id));
}

test('[BR-01] [BR-02] of a hundred concurrent transfers one succeeds, and the team has one owner', async () => {
  const { id } = await teamOf(ada);
  const heirs = await joinedBy(id, 100);
  const outcomes = await Promise.all(heirs.map((to) => transfer(ada, id, to)));
  expect(tally(outcomes)).toEqual({ ok: 1, FORBIDDEN: 99 });

  const members = await db.membership.findMany({
    where: { teamId: uuidOf('Team', id), role: { in: ['OWNER', 'ADMIN'] } },
    select: { role: true, userId: true },
    orderBy: { role: 'asc' },
  });
  expect(members).toEqual([
    { role: 'OWNER', userId: uuidOf('User', heirs[outcomes.indexOf('ok')] ?? '') },
    { role: 'ADMIN', userId: uuidOf('User', ada.id) },
  ]);
  const transfers = { teamId: uuidOf('Team', id), kind: 'team.ownershipTransferred' };
  expect(await db.event.count({ where: transfers })).toBe(1);
  // The others are in the audit trail: a limited number per minute with their own events, the rest combined.
  const refused = { subjectId: uuidOf('Team', id), kind: 'access.refused' };
  expect(await db.event.count({ where: refused })).toBeGreaterThanOrEqual(50);
});

test('[BR-01] a team that is transferred continuously has one owner at any time', async () => {
  const round = [ada, bob, cleo, dan];
  const { id } = await teamOf(ada, [
    [bob, 'ADMIN'],
    [cleo, 'MEMBER'],
    [dan, 'VIEWER'],
  ]);
  const passing = new AbortController();
  const seen = new Set<number>();
  const looking = (async () => {
    while (!passing.signal.aborted) seen.add(await ownersOf(id));
  })();
  const outcomes: unknown[] = [];
  const passOn = async (from: Person, to: Person) => {
    for (let i = 0; i < 12; i += 1) outcomes.push(await transfer(from, id, to.id));
  };
  await Promise.all(round.map((from, i) => passOn(from, round[(i + 1) % round.length] ?? ada)));
  passing.abort();
  await looking;

  expect(outcomes).toContain('ok');
  expect(outcomes.filter((outcome) => outcome !== 'ok' && outcome !== 'FORBIDDEN')).toEqual([]);
  expect([...seen]).toEqual([1]);
  const handed = await db.event.findMany({
    where: { teamId: uuidOf('Team', id), kind: 'team.ownershipTransferred' },
    orderBy: { sequence: 'asc' },
    select: { actorId: true, personId: true },
  });
  expect(handed).toHaveLength(tally(outcomes)['ok'] ?? 0);
  // Each passes on what they got.
  handed.reduce(
    (owner, { actorId, personId }) => {
      expect(actorId).toBe(owner);
      return personId ?? '';
    },
    uuidOf('User', ada.id),
  );
});

test('[BR-02] if the new owner is removed or leaves during a transfer, the team still has an owner', async () => {
  for (let i = 0; i < 10; i += 1) {
    const { id, memberships } = await teamOf(ada, [
      [bob, 'ADMIN'],
      [cleo, 'MEMBER'],
    ]);
    const handing = transfer(ada, id, cleo.id);
    const going = outcome(
      i % 2 ? cleo.query(LEAVE, { id }) : bob.query(REMOVE, { id: memberships.get(cleo.id) }),
    );
    const outcomes = await Promise.all([handing, going]);
    expect([
      ['ok', 'FORBIDDEN'],
      ['NOT_FOUND', 'ok'],
    ]).toContainEqual(outcomes);
    expect(await ownersOf(id)).toBe(1);
  }
});

test('[BR-02] an owner who transfers and leaves concurrently never leaves the team without one', async () => {
  for (let i = 0; i < 10; i += 1) {
    const { id } = await teamOf(ada, [[bob, 'MEMBER']]);
    const outcomes = await Promise.all([transfer(ada, id, bob.id), outcome(ada.query(LEAVE, { id }))]);
    expect(outcomes[0]).toBe('ok');
    expect(['ok', 'FORBIDDEN']).toContain(outcomes[1]);
    expect(await ownersOf(id)).toBe(1);
  }
});

test('[BR-10] [FR-007] an invitation accepted twenty times concurrently creates one membership, and one event', async () => {
  const { id } = await teamOf(ada);
  await verifyAccount(db, bob.email);
  const invitation = await invite(ada, id, bob.email);
  const memberships = await Promise.all(Array.from({ length: 20 }, () => acceptById(bob, invitation.id)));
  expect(new Set(memberships).size).toBe(1);
  const where = { teamId: uuidOf('Team', id) };
  expect(await db.membership.count({ where })).toBe(2);
  expect(await db.event.count({ where: { ...where, kind: 'team.memberJoined' } })).toBe(1);
});

test('[BR-16] of several people who accept by one link concurrently, exactly one joins', async () => {
  for (let i = 0; i < 10; i += 1) {
    const { id } = await teamOf(ada);
    const invitation = await invite(ada, id, 'newcomer@example.com');
    const outcomes = await Promise.all(
      [bob, cleo, dan, bob, cleo].map((person) => outcome(accept(person, invitation))),
    );
    expect(outcomes.sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'ok']);
    const where = { teamId: uuidOf('Team', id) };
    expect(await db.membership.count({ where })).toBe(2);
    expect(await db.event.count({ where: { ...where, kind: 'team.memberJoined' } })).toBe(1);
  }
});

test('an invitation that is concurrently revoked and accepted is either, and never both', async () => {
  for (let i = 0; i < 10; i += 1) {
    const { id } = await teamOf(ada);
    const invitation = await invite(ada, id, bob.email);
    const outcomes = await Promise.all([
      outcome(accept(bob, invitation)),
      outcome(
        ada.query('mutation ($id: ID!) { revokeInvitation(input: { id: $id }) { cursor } }', {
          id: invitation.id,
        }),
      ),
    ]);
    expect(outcomes.sort()).toEqual(['NOT_FOUND', 'ok']);
  }
});

test('concurrent invitations of the same address create one invitation', async () => {
  const { id } = await teamOf(ada, [[bob, 'ADMIN']]);
  const invitations = await Promise.all(
    Array.from({ length: 10 }, (_, i) => invite(i % 2 ? ada : bob, id, cleo.email)),
  );
  expect(new Set(invitations.map((invitation) => invitation.id)).size).toBe(1);
});

test('deleting a team during concurrent changes removes it, and all requests get coded answers', async () => {
  const { id, memberships } = await teamOf(ada, [
    [bob, 'ADMIN'],
    [cleo, 'MEMBER'],
  ]);
  const outcomes = await Promise.all([
    outcome(ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id })),
    outcome(invite(bob, id, dan.email)),
    outcome(cleo.query(LEAVE, { id })),
    outcome(bob.query(REMOVE, { id: memberships.get(cleo.id) })),
    transfer(ada, id, bob.id),
  ]);
  for (const each of outcomes) expect(['ok', 'FORBIDDEN', 'NOT_FOUND']).toContain(each);
});

test('a task that is concurrently moved into a deleted team either belonged to it, or gets NOT_FOUND', async () => {
  for (let i = 0; i < 10; i += 1) {
    const { id } = await teamOf(ada, [[bob, 'MEMBER']]);
    const creating = Array.from({ length: 5 }, (_, n) =>
      outcome(bob.createTask(`Task ${String(n)}`, { teamId: id })),
    );
    const deleting = outcome(
      ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id }),
    );
    expect(await deleting).toBe('ok');
    for (const answer of await Promise.all(creating)) expect(['ok', 'NOT_FOUND']).toContain(answer);
  }
});
