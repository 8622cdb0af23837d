import { describe, expect, test, vi } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { ops } from '../kit/ops.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const { url, db, databaseUrl, people, query } = await startWorld({ SIGN_IN_ATTEMPTS: '3', TRUST_PROXY: '1' });

const CHANGE = `mutation ($input: ChangePasswordInput!) {
  changePassword(input: $input) { endedSessions revokedApiTokens cursor }
}`;
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
const SESSIONS = '{ sessions { id createdAt lastUsedAt expiresAt address userAgent isCurrent } }';
interface Listed {
  sessions: { id: string; isCurrent: boolean }[];
}

const NEXT = 'another horse battery';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function signIn({ email }: Person, password = PASSWORD, headers: Record<string, string> = {}) {
  const { signIn: begun } = await query<{ signIn: { token: string } }>(
    SIGN_IN,
    { input: { email, password } },
    headers,
  );
  return begun.token;
}

async function apiToken(person: Person) {
  const document =
    'mutation { createApiToken(input: { name: "x", scopes: [WRITE] }) { token apiToken { id } } }';
  const made = await person.query<{ createApiToken: { token: string; apiToken: { id: string } } }>(document);
  return made.createApiToken;
}

function change(person: Person, input: object, headers?: Record<string, string>) {
  const all = { currentPassword: PASSWORD, newPassword: NEXT, ...input };
  return query<{ changePassword: object }>(CHANGE, { input: all }, headers ?? bearer(person.token));
}

const kindsOf = async (person: Person) =>
  (
    await db.event.findMany({
      where: { OR: [{ actorId: uuidOf('User', person.id) }, { personId: uuidOf('User', person.id) }] },
      orderBy: { sequence: 'asc' },
    })
  ).map(({ kind }) => kind);

describe('a person who changes their password', () => {
  test('[FR-028] signs in with the new password, and every other session ends, with an event (M2)', async () => {
    const { ada } = await people('Ada');
    const other = await signIn(ada);
    await query('{ viewer { id } }', {}, bearer(other));
    const { token } = await apiToken(ada);

    expect((await change(ada, {})).changePassword).toMatchObject({ endedSessions: 1, revokedApiTokens: 0 });
    await expect(query('{ viewer { id } }', {}, bearer(other))).rejects.toMatchObject({ status: 401 });
    await expect(ada.query('{ viewer { id } }')).resolves.toBeDefined();
    await expect(query('{ viewer { id } }', {}, bearer(token))).resolves.toBeDefined();
    await expect(signIn(ada)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(signIn(ada, NEXT)).resolves.toBeDefined();
    const told = await ada.query(
      '{ activity(filter: { kind: { eq: PASSWORD_CHANGED } }) { nodes { kind } } }',
    );
    expect(told).toEqual({ activity: { nodes: [{ kind: 'PASSWORD_CHANGED' }] } });
  });

  test('[FR-028] can also revoke their API tokens (M2)', async () => {
    const { ada } = await people('Ada');
    const { token } = await apiToken(ada);
    const changed = await change(ada, { revokeApiTokens: true });
    expect(changed.changePassword).toMatchObject({ revokedApiTokens: 1 });
    await expect(query('{ viewer { id } }', {}, bearer(token))).rejects.toMatchObject({ status: 401 });
    expect((await kindsOf(ada)).slice(-2)).toEqual(['apiToken.revoked', 'password.changed']);
  });

  test('[FR-028] has the sign-in limits, and each wrong attempt is an event (PW-GUESS)', async () => {
    const { ada } = await people('Ada');
    const guess = (n: number) => change(ada, { currentPassword: `guess number ${n}` });
    for (let n = 0; n < 3; n += 1) {
      await expect(guess(n)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'currentPassword' },
      });
    }
    await expect(change(ada, {})).rejects.toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    expect((await kindsOf(ada)).filter((kind) => kind === 'signIn.failed')).toHaveLength(3);
    await expect(signIn(ada, PASSWORD, { 'x-forwarded-for': '203.0.113.5' })).resolves.toBeDefined();
  });

  test('needs a session and a valid new password (M2)', async () => {
    const { ada } = await people('Ada');
    const { token } = await apiToken(ada);
    await expect(change(ada, {}, bearer(token))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(change(ada, { newPassword: 'short' })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'newPassword' },
    });
  });

  test('changes it once if they send the request twice at the same time (M2)', async () => {
    const { ada } = await people('Ada');
    const both = await Promise.allSettled([change(ada, {}), change(ada, { newPassword: 'yet another one' })]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a person’s sessions', () => {
  test('are visible to them only, without their tokens, and can be ended one by one (M2)', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const other = await signIn(ada, PASSWORD, { 'user-agent': 'Lynx', 'x-forwarded-for': '203.0.113.7' });
    const { sessions } = await ada.query<Listed>(SESSIONS);
    expect(sessions).toMatchObject([
      { isCurrent: false, userAgent: 'Lynx', address: '203.0.113.7' },
      { isCurrent: true, address: '127.0.0.1' },
    ]);
    const [lynx] = sessions;
    const end = 'mutation ($id: ID!) { endSession(input: { id: $id }) { endedSessionId } }';
    await expect(bob.query(end, { id: lynx?.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const node = '($id: ID!) { node(id: $id) { id } }';
    expect(await bob.query(`query ${node}`, { id: lynx?.id })).toEqual({ node: null });
    for (let n = 0; n < 2; n += 1) {
      await expect(ada.query(end, { id: lynx?.id })).resolves.toEqual({
        endSession: { endedSessionId: lynx?.id },
      });
    }
    await expect(query('{ viewer { id } }', {}, bearer(other))).rejects.toMatchObject({ status: 401 });
    expect((await ada.query<Listed>(SESSIONS)).sessions).toHaveLength(1);
  });

  test('can all be ended except the current one (M2)', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    for (let n = 0; n < 2; n += 1) await signIn(ada);
    const endOthers = 'mutation { endOtherSessions { endedSessions } }';
    expect(await ada.query(endOthers)).toEqual({ endOtherSessions: { endedSessions: 2 } });
    await expect(ada.query('{ viewer { id } }')).resolves.toBeDefined();
    await expect(bob.query('{ viewer { id } }')).resolves.toBeDefined();
    const { token } = await apiToken(ada);
    await expect(query(endOthers, {}, bearer(token))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('an operator', () => {
  const account = (...args: string[]) =>
    ops('account', args, { DATABASE_URL: databaseUrl, PUBLIC_URL: 'https://tasks.example.com' });
  const RESET = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { email } }';
  const reset = (token: string, newPassword = NEXT) => query(RESET, { input: { token, newPassword } });

  test('[FR-028] gives a person a one-time link to set a new password (NO-RESET)', async () => {
    const { ada } = await people('Ada');
    await ada.query('{ viewer { id } }');
    const { code, output } = await account('reset', ` ${ada.email.toUpperCase()} `);
    expect(code, output).toBe(0);
    const token = /https:\/\/tasks\.example\.com\/reset-password#(\S{40,})/.exec(output)?.[1] ?? '';
    expect(JSON.stringify(await db.verification.findMany())).not.toContain(token);
    // Another process ends the sessions within seconds.
    await vi.waitFor(
      () => expect(ada.query('{ viewer { id } }')).rejects.toMatchObject({ status: 401 }),
      8_000,
    );
    await expect(reset(token, 'short')).rejects.toMatchObject({ extensions: { field: 'newPassword' } });
    expect(await reset(token)).toEqual({ resetPassword: { email: ada.email } });
    await expect(reset(token)).rejects.toMatchObject({ extensions: { field: 'token' } });
    await expect(signIn(ada)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(signIn(ada, NEXT)).resolves.toBeDefined();
    expect(await kindsOf(ada)).toEqual(expect.arrayContaining(['password.resetIssued', 'password.changed']));
    expect((await fetch(`${url}/reset-password`)).status).toBe(200);
  });

  test('issues a link that expires, and replaces the previous one (NO-RESET)', async () => {
    const { ada } = await people('Ada');
    const link = async () => {
      const { code, output } = await account('reset', ada.email);
      expect(code, output).toBe(0);
      return /reset-password#(\S+)/.exec(output)?.[1] ?? '';
    };
    const first = await link();
    const second = await link();
    await expect(reset(first)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    const value = uuidOf('User', ada.id);
    await db.verification.updateMany({ where: { value }, data: { expiresAt: new Date(Date.now() - 1) } });
    await expect(reset(second)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(signIn(ada)).resolves.toBeDefined();
  });

  test('lifts the sign-in limits while the server is running (M7)', async () => {
    const { ada } = await people('Ada');
    for (let n = 0; n < 3; n += 1) await expect(signIn(ada, 'wrong wrong')).rejects.toThrow();
    await expect(signIn(ada)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const { code, output } = await account('unlock', ada.email);
    expect(code, output).toBe(0);
    await expect(signIn(ada)).resolves.toBeDefined();
    expect(await kindsOf(ada)).toContain('account.unlocked');
  });

  test('gets an error for an unknown address, and the command’s usage (NO-RESET)', async () => {
    const unknown = await account('reset', 'unknown@example.com');
    expect(unknown).toEqual({ code: 1, output: 'No account uses unknown@example.com.\n' });
    for (const wrong of [[], ['reset'], ['delete', 'ada@example.com'], ['reset', 'a', 'b']]) {
      const { code, output } = await account(...wrong);
      expect(code).toBe(2);
      expect(output).toContain('npm run account --');
    }
  });
});
