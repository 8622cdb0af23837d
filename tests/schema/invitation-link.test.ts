import { describe, expect, test } from 'vitest';
import { startProcess } from '../../ops/drills/server-process.ts';
import { verifyAccount } from '../../server/auth/account.ts';
import { uuidOf } from '../../server/ids.ts';
import { hashOfSecret } from '../../server/secrets.ts';
import { freshDatabase } from '../kit/database.ts';
import { watchEvents } from '../kit/live.ts';
import { ops } from '../kit/ops.ts';
import { accept, acceptById, invite, outcome, teamOf, type Invitation } from '../kit/team.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ ADMIN_EMAILS: 'chief@example.com' });
const { db, people, query, url } = world;
const { ada, bob, cleo, dan, eve } = await people('Ada', 'Bob', 'Cleo', 'Dan', 'Eve');

const PREVIEW = `query ($secret: String!) {
  invitation(secret: $secret) { teamName invitedByName role expiresAt }
}`;
const DECLINE =
  'mutation ($secret: String!) { revokeInvitation(input: { secret: $secret }) { revokedInvitationId } }';
const REVOKE = 'mutation ($id: ID!) { revokeInvitation(input: { id: $id }) { cursor } }';
const ENDED =
  'This link is no longer valid: it was used or replaced, or it has expired. Ask the sender for a new one.';

/** A team of Ada with Bob as an admin, and an invitation of an address without an account. */
async function orchard(role = 'MEMBER') {
  const team = await teamOf(ada, [[bob, 'ADMIN']]);
  return { ...team, invitation: await invite(ada, team.id, 'newcomer@example.com', role) };
}

/** Every use of the link has the same result as an unknown link. */
async function expectEnded({ secret }: Pick<Invitation, 'secret'>, person = dan): Promise<void> {
  for (const attempt of [
    () => person.query(PREVIEW, { secret }),
    () => person.query(DECLINE, { secret }),
    () => accept(person, { secret }),
  ])
    await expect(attempt()).rejects.toMatchObject({ code: 'NOT_FOUND', message: ENDED });
}

function expire({ id }: Invitation) {
  return db.teamInvitation.update({
    where: { id: uuidOf('TeamInvitation', id) },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });
}

async function signUpAs(email: string): Promise<Pick<Person, 'query'> & { token: string }> {
  const { signUp } = await query<{ signUp: { token: string } }>(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
    { input: { name: 'Mallory', email, password: PASSWORD } },
  );
  const headers = { authorization: `Bearer ${signUp.token}` };
  return { token: signUp.token, query: (document, variables) => query(document, variables, headers) };
}

describe('the link of an invitation', () => {
  test('[BR-16] leads to the server’s own address, and is only in the response to the inviter', async () => {
    const { invitation } = await orchard();
    expect(invitation.link).toMatch(new RegExp(`^${url}/join#[\\w-]{43}$`));
    const row = await db.teamInvitation.findUniqueOrThrow({
      where: { id: uuidOf('TeamInvitation', invitation.id) },
    });
    expect(row.secretHash).toEqual(hashOfSecret(invitation.secret));
    const events = JSON.stringify(await db.event.findMany({ select: { data: true } }));
    expect(events).not.toContain(invitation.secret);
    expect(events).not.toContain(Buffer.from(row.secretHash ?? []).toString('base64url'));
  });

  test('[BR-16] shows the team’s name, the inviter’s name, the role and the expiry, and nothing else', async () => {
    const { name, id, invitation } = await orchard('VIEWER');
    const { invitation: preview } = await dan.query<{ invitation: { expiresAt: string } }>(PREVIEW, {
      secret: invitation.secret,
    });
    expect(preview).toEqual({
      teamName: name,
      invitedByName: 'Ada',
      role: 'VIEWER',
      expiresAt: expect.any(String) as string,
    });
    expect((Date.parse(preview.expiresAt) - Date.now()) / 86_400_000).toBeCloseTo(7, 2);
    expect(await outcome(query(PREVIEW, { secret: invitation.secret }))).toBe('UNAUTHENTICATED');
    expect(await outcome(dan.query('query ($id: ID!) { team(id: $id) { id } }', { id }))).toBe('NOT_FOUND');
  });

  test('[BR-16] lets any account join once, and the leaders of the team see who joined', async () => {
    const { id, invitation } = await orchard('VIEWER');
    const membership = await accept(dan, invitation);
    const joined = await db.event.findMany({
      where: {
        teamId: uuidOf('Team', id),
        kind: 'team.memberJoined',
        subjectId: uuidOf('Membership', membership),
      },
      select: { actorId: true, personId: true, data: true },
    });
    const person = uuidOf('User', dan.id);
    expect(joined).toEqual([{ actorId: person, personId: person, data: { role: 'VIEWER' } }]);
    for (const person of [dan, eve]) await expectEnded(invitation, person);
    const { team } = await ada.query<{ team: { invitations: { totalCount: number } } }>(
      'query ($id: ID!) { team(id: $id) { invitations { totalCount } } }',
      { id },
    );
    expect(team.invitations.totalCount).toBe(0);
  });

  test('[BR-16] ends when the invitation is renewed, revoked or declined, or has expired, or its team is deleted', async () => {
    const renewed = await orchard();
    const { secret } = await invite(bob, renewed.id, 'newcomer@example.com');
    await expectEnded(renewed.invitation);
    expect(await outcome(dan.query(PREVIEW, { secret }))).toBe('ok');

    const withdrawn = await orchard();
    await bob.query(REVOKE, { id: withdrawn.invitation.id });
    await expectEnded(withdrawn.invitation);

    const declined = await orchard();
    expect(await dan.query(DECLINE, { secret: declined.invitation.secret })).toEqual({
      revokeInvitation: { revokedInvitationId: declined.invitation.id },
    });
    await expectEnded(declined.invitation, eve);

    const expired = await orchard();
    await expire(expired.invitation);
    await expectEnded(expired.invitation);

    const deleted = await orchard();
    await ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id: deleted.id });
    await expectEnded(deleted.invitation);

    await expectEnded({ secret: 'x'.repeat(43) });
    await expectEnded({ secret: '' });
  });

  test('does not work for a member, and remains valid for another person', async () => {
    const { invitation } = await orchard();
    await expect(accept(bob, invitation)).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'secret' },
    });
    expect(await outcome(accept(dan, invitation))).toBe('ok');
  });

  test('replaces the id in the input; both together are rejected', async () => {
    const { invitation } = await orchard();
    const { id, secret } = invitation;
    for (const input of [{}, { id, secret }, { id: null, secret: null }])
      await expect(
        dan.query(
          'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { cursor } }',
          {
            input,
          },
        ),
      ).rejects.toMatchObject({ code: 'VALIDATION_FAILED', extensions: { field: 'id' } });
  });
});

describe('an invited address', () => {
  test.each(['MEMBER', 'ADMIN'])(
    '[BR-16] gives a stranger who registers it first no access, invited as %s (INVITE-SQUAT)',
    async (role) => {
      const team = await teamOf(ada);
      const email = `squatted.${role.toLowerCase()}@example.com`;
      const before = await invite(ada, team.id, email, role);
      const mallory = await signUpAs(email);
      const events = await watchEvents(world, mallory);
      const invitation = await invite(ada, team.id, email, role);
      expect(invitation.id).toBe(before.id);

      expect(await mallory.query('{ viewer { invitations { totalCount nodes { id } } } }')).toEqual({
        viewer: { invitations: { totalCount: 0, nodes: [] } },
      });
      expect(await mallory.query('query ($id: ID!) { node(id: $id) { id } }', { id: invitation.id })).toEqual(
        {
          node: null,
        },
      );
      expect(await mallory.query('query ($id: ID!) { node(id: $id) { id } }', { id: ada.id })).toEqual({
        node: null,
      });
      const told = 'query ($id: ID!) { activity(filter: { subject: $id }) { totalCount } }';
      expect(await mallory.query(told, { id: invitation.id })).toEqual({ activity: { totalCount: 0 } });
      expect(await outcome(acceptById(mallory as Person, invitation.id))).toBe('NOT_FOUND');
      expect(await outcome(mallory.query(REVOKE, { id: invitation.id }))).toBe('NOT_FOUND');
      expect(await outcome(accept(dan, invitation))).toBe('ok');
      await mallory.query('mutation { createTask(input: { title: "Mine" }) { cursor } }');
      await events.until((told) => told.events.event?.kind === 'TASK_CREATED');
      const kinds = events.told.flatMap((told) => told.events.event?.kind ?? []);
      expect(new Set(kinds)).toEqual(new Set(['ACCESS_REFUSED', 'TASK_CREATED']));
    },
  );

  test('[BR-16] accepts invitations once an operator has verified it, also in open subscriptions', async () => {
    const team = await teamOf(ada);
    const invitation = await invite(ada, team.id, cleo.email);
    const events = await watchEvents(world, cleo);
    const { code, output } = await ops('account', ['verify', cleo.email.toUpperCase()], {
      DATABASE_URL: world.databaseUrl,
    });
    expect([code, output]).toEqual([0, `Verified ${cleo.email.toUpperCase()}.\n`]);
    await events.until((told) => told.events.event?.kind === 'ACCOUNT_VERIFIED');
    expect(await cleo.query('{ viewer { invitations { nodes { id viewerCan { accept } } } } }')).toEqual({
      viewer: { invitations: { nodes: [{ id: invitation.id, viewerCan: { accept: true } }] } },
    });
    await invite(ada, team.id, cleo.email, 'VIEWER');
    await events.until((told) => told.events.event?.kind === 'TEAM_MEMBER_INVITED');
    await acceptById(cleo, invitation.id);

    await verifyAccount(db, cleo.email);
    const where = { kind: 'account.verified', personId: uuidOf('User', cleo.id) };
    expect(await db.event.count({ where })).toBe(1);
    const unknown = await ops('account', ['verify', 'unknown@example.com'], {
      DATABASE_URL: world.databaseUrl,
    });
    expect([unknown.code, unknown.output]).toEqual([1, 'No account uses unknown@example.com.\n']);
  });

  test('of an old invitation without a link can accept it once verified, or after a renewal', async () => {
    const team = await teamOf(ada);
    const old = await invite(ada, team.id, eve.email);
    const where = { id: uuidOf('TeamInvitation', old.id) };
    await db.teamInvitation.update({ where, data: { secretHash: null } });
    expect(await outcome(acceptById(eve, old.id))).toBe('NOT_FOUND');
    expect(await outcome(accept(dan, await invite(ada, team.id, eve.email)))).toBe('ok');
    const other = await invite(ada, (await teamOf(ada)).id, eve.email);
    await db.teamInvitation.updateMany({ data: { secretHash: null } });
    await verifyAccount(db, eve.email);
    expect(await outcome(acceptById(eve, other.id))).toBe('ok');
  });
});

test('[BR-16] a stranger who registers an address of ADMIN_EMAILS is no administrator until it is verified', async () => {
  const chief = await signUpAs('chief@example.com');
  const me = '{ viewer { isAdmin } }';
  expect(await chief.query(me)).toEqual({ viewer: { isAdmin: false } });
  expect(await outcome(chief.query('{ performance { pool { size } } }'))).toBe('FORBIDDEN');
  await verifyAccount(db, 'chief@example.com');
  expect(await chief.query(me)).toEqual({ viewer: { isAdmin: true } });
});

test('[BR-16] no secret of a link is in the log, and one line names administrators who are not verified', async () => {
  const server = await startProcess({
    DATABASE_URL: await freshDatabase(),
    LOG_LEVEL: 'trace',
    SLOW_MS: '0',
    WORKERS: '2',
    AUTH_SECRET: 'a secret that guards nothing but tests',
    ADMIN_EMAILS: 'root@example.com,second@example.com',
  });
  const ask = async <Data>(document: string, variables: object, token = ''): Promise<Data> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query: document, variables }),
    });
    return ((await response.json()) as { data: Data }).data;
  };
  const { signUp } = await ask<{ signUp: { token: string } }>(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
    { input: { name: 'Ida', email: 'ida@example.com', password: PASSWORD } },
  );
  const { createTeam } = await ask<{ createTeam: { team: { id: string } } }>(
    'mutation { createTeam(input: { name: "Logged" }) { team { id } } }',
    {},
    signUp.token,
  );
  const { inviteMember } = await ask<{ inviteMember: { link: string } }>(
    'mutation ($id: ID!) { inviteMember(input: { teamId: $id, email: "jo@example.com" }) { link } }',
    createTeam.team,
    signUp.token,
  );
  const secret = new URL(inviteMember.link).hash.slice(1);
  await ask(PREVIEW, { secret }, signUp.token);
  await ask(DECLINE, { secret }, signUp.token);
  await ask(PREVIEW, { secret }, signUp.token);
  await server.stop();
  const said = server.output();
  expect(said).toContain('slow operation');
  expect(said).not.toContain(secret);
  const warnings = said.split('\n').filter((line) => line.includes('ADMIN_EMAILS'));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('without a verified account: root@example.com, second@example.com.');
  expect(warnings[0]).toContain('npm run account -- verify <address>');
});
