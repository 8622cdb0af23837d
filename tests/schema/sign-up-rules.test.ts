import { describe, expect, test } from 'vitest';
import { ops } from '../kit/ops.ts';
import { startTestServer } from '../kit/server.ts';
import { offerShare, secretOf } from '../kit/shares.ts';
import { invite, teamOf } from '../kit/team.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const { databaseUrl, db, people, query, url } = await startWorld({ SIGN_UPS: 'invited' });

const RULES = '{ signUpRules { mode isFirst } }';

interface Given {
  email: string;
  secret?: string;
}

function signUp(input: Given) {
  return query('mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { email } } }', {
    input: { name: 'Zed', password: PASSWORD, ...input },
  });
}

describe('[BR-20] a server with sign-ups by invitation', () => {
  test('lets the first person in, and only one of several who try at once', async () => {
    expect(await query(RULES)).toEqual({ signUpRules: { mode: 'INVITED', isFirst: true } });
    const tries = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name) => signUp({ email: `${name}@first.example` })),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await query(RULES)).toEqual({ signUpRules: { mode: 'INVITED', isFirst: false } });
    await db.user.deleteMany();
  });

  test('lets in only the address of an invitation or an offer, with its link', async () => {
    const { ada } = await people('Ada');
    const team = await teamOf(ada);
    const { secret } = await invite(ada, team.id, 'bob@example.com');
    const refused = { code: 'FORBIDDEN' };
    await expect(signUp({ email: 'bob@example.com' })).rejects.toMatchObject(refused);
    await expect(signUp({ email: 'bob@example.com', secret: 'guessed' })).rejects.toMatchObject(refused);
    await expect(signUp({ email: 'eve@example.com', secret })).rejects.toMatchObject({
      ...refused,
      extensions: { field: 'email' },
    });
    expect(await signUp({ email: ' BOB@example.com', secret })).toEqual({
      signUp: { viewer: { email: 'bob@example.com' } },
    });
    await expect(signUp({ email: 'bob@example.com', secret })).rejects.toMatchObject({ code: 'CONFLICT' });

    const { link } = await offerShare(ada, 'cleo@example.com', await ada.createTask('Water the plants'));
    await signUp({ email: 'cleo@example.com', secret: secretOf(link) });

    const late = await invite(ada, team.id, 'dan@example.com');
    await db.teamInvitation.updateMany({ data: { expiresAt: new Date(0) } });
    await expect(signUp({ email: 'dan@example.com', secret: late.secret })).rejects.toMatchObject(refused);
  });

  test('does the same for the path of the authentication library', async () => {
    const response = await fetch(`${url}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ name: 'Zed', email: 'zed@example.com', password: PASSWORD }),
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'FORBIDDEN' });
    expect(await db.user.count({ where: { email: 'zed@example.com' } })).toBe(0);
  });
});

test('[BR-20] where sign-ups are closed, the operator creates an account, and its person chooses a password', async () => {
  const server = await startTestServer(databaseUrl, { SIGN_UPS: 'closed' });
  try {
    const send = async (document: string, input: object) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: document, variables: { input } }),
      });
      return (await response.json()) as { data: unknown; errors?: { extensions: { code: string } }[] };
    };
    const up = 'mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }';
    const account = { name: 'Fay', email: 'fay@example.com', password: PASSWORD };
    expect((await send(up, account)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');

    const run = () => ops('account', ['create', 'fay@example.com'], { DATABASE_URL: databaseUrl });
    const { code, output } = await run();
    expect(code, output).toBe(0);
    const token = /\/reset-password#(\S+)/.exec(output)?.[1];
    const reset = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { email } }';
    expect(await send(reset, { token, newPassword: PASSWORD })).toEqual({
      data: { resetPassword: { email: 'fay@example.com' } },
    });
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { name } } }';
    expect(await send(signIn, { email: 'fay@example.com', password: PASSWORD })).toEqual({
      data: { signIn: { viewer: { name: 'fay' } } },
    });
    expect(await run()).toMatchObject({ code: 1 });
  } finally {
    await server.stop();
  }
});
