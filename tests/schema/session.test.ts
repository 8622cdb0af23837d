import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startProcess } from '../../ops/drills/server-process.ts';
import { createAuth } from '../../server/auth/auth.ts';
import { uuidOf } from '../../server/ids.ts';
import { createSignInLimits } from '../../server/limits/sign-in-limits.ts';
import { createLogger } from '../../server/logger.ts';
import { freshDatabase } from '../kit/database.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const AUTH_SECRET = 'known to this file, so that it can sign as the server does';
const { url, db, people, query } = await startWorld({ LOG_LEVEL: 'silent', AUTH_SECRET });

interface Session {
  token: string;
  expiresAt: string;
  viewer: { id: string; name: string; email: string; timezone: string };
}

interface Answer<Data> {
  status: number;
  headers: Headers;
  data?: Data;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

const session = 'token expiresAt viewer { id name email timezone }';
const signUpDocument = `mutation ($input: SignUpInput!) { signUp(input: $input) { ${session} } }`;
const signInDocument = `mutation ($input: SignInInput!) { signIn(input: $input) { ${session} } }`;
const signOutDocument = 'mutation { signOut { signedOut } }';
const whoAmI = '{ viewer { name } }';

async function send<Data>(
  document: string,
  variables: object = {},
  headers: Record<string, string> = {},
): Promise<Answer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: document, variables }),
  });
  const answer = (await response.json()) as Pick<Answer<Data>, 'data' | 'errors'>;
  return { status: response.status, headers: response.headers, ...answer };
}

function signUp(input: object) {
  return query<{ signUp: Session }>(signUpDocument, { input });
}

async function signIn(email: string, password = PASSWORD) {
  const answer = await send<{ signIn: Session }>(signInDocument, { input: { email, password } });
  const cookie = answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  return { ...answer, cookie, token: answer.data?.signIn.token ?? '' };
}

function bearer(token: string) {
  return { authorization: `Bearer ${token}` };
}

function eventsOf(actor: string) {
  return db.event.findMany({ where: { actorId: uuidOf('User', actor) }, orderBy: { sequence: 'asc' } });
}

/** Rows written in one transaction have the same transaction id. */
async function transactionOf(table: 'users' | 'sessions', id: string): Promise<string | undefined> {
  const rows = await db.$queryRawUnsafe<{ xmin: string }[]>(
    `SELECT xmin::text FROM ${table} WHERE id = $1::uuid`,
    id,
  );
  return rows[0]?.xmin;
}

describe('signing up', () => {
  test('[FR-012] returns a token, a cookie and the profile', async () => {
    const input = { name: '  Ada Lovelace ', email: 'Ada@Example.com', password: PASSWORD };
    const answer = await send<{ signUp: Session }>(signUpDocument, { input });
    const begun = answer.data?.signUp;
    expect(begun?.viewer).toEqual({
      id: expect.stringMatching(/^user_[0-9a-z]{26}$/) as string,
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      timezone: 'UTC',
    });
    const days = (new Date(begun?.expiresAt ?? 0).getTime() - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(30, 1);
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^taskwire\.session_token=/);
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(attribute);
  });

  test('stores the given time zone, or UTC', async () => {
    const person = { name: 'Nils', email: 'nils@example.com', password: PASSWORD };
    const { signUp: begun } = await signUp({ ...person, timezone: 'Europe/Berlin' });
    expect(begun.viewer.timezone).toBe('Europe/Berlin');
  });

  test('rejects a taken address in any case, and names the field', async () => {
    const person = { name: 'Bea', email: 'bea@example.com', password: PASSWORD };
    await signUp(person);
    await expect(signUp({ ...person, email: 'BEA@example.com' })).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'email' },
    });
  });

  test('succeeds once if two people use the same address concurrently; the other gets CONFLICT', async () => {
    const person = { name: 'Twin', email: 'twin@example.com', password: PASSWORD };
    const outcomes = await Promise.allSettled([signUp(person), signUp(person), signUp(person)]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CONFLICT' });
    }
    expect(await db.user.count({ where: { email: person.email } })).toBe(1);
    expect(await db.event.count({ where: { kind: 'user.signedUp' } })).toBe(await db.user.count());
  });

  const person = { name: 'Cleo', email: 'cleo@example.com', password: PASSWORD };

  test.each([
    ['a password of 7 characters', { password: '1234567' }, 'password'],
    ['a password of 129 characters', { password: 'x'.repeat(129) }, 'password'],
    ['no address at all', { email: 'cleo' }, 'email'],
    ['an address with a NUL', { email: 'cl\0eo@example.com' }, 'email'],
    ['an address of 255 characters', { email: `${'c'.repeat(243)}@example.com` }, 'email'],
    ['an empty name', { name: '' }, 'name'],
    ['a name of spaces', { name: ' \t ' }, 'name'],
    ['a name of 101 characters', { name: 'é'.repeat(101) }, 'name'],
    ['a name with a NUL', { name: 'Cl\0eo' }, 'name'],
    ['a name with half of an emoji', { name: 'Cleo \ud83d' }, 'name'],
    ['an address with a space in it', { email: 'cleo cleo@example.com' }, 'email'],
    ['an address with an invalid domain', { email: 'cleo@exämple..de' }, 'email'],
  ])('rejects %s', async (_what, wrong, field) => {
    await expect(signUp({ ...person, ...wrong })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
    expect(await db.user.count({ where: { name: { startsWith: 'Cl' } } })).toBe(0);
  });

  test.each([
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['EST5EDT', 'EST5EDT'],
    ['GMT', 'GMT'],
    ['Etc/GMT-2', 'Etc/GMT-2'],
    ['+00:00', 'UTC'],
    ['+02:00', 'Etc/GMT-2'],
    ['-03:00', 'Etc/GMT+3'],
    ['+05:30', 'Asia/Kolkata'],
    ['Etc/Unknown', 'UTC'],
    ['Mars/Olympus', 'UTC'],
    ['posix/Europe/Berlin', 'UTC'],
    ['', 'UTC'],
    ["UTC'; SELECT 1 --", 'UTC'],
  ])('accepts a device with the time zone %s, and uses the days of %s (TZ-BLOCK)', async (given, zone) => {
    const email = `${randomUUID()}@example.com`;
    const { signUp: begun } = await signUp({ name: 'Cleo', email, password: PASSWORD, timezone: given });
    expect(begun.viewer.timezone).toBe(zone);
    const days = await db.$queryRaw<{ day: string }[]>`
      SELECT (now() AT TIME ZONE timezone)::date::text AS day FROM users WHERE email = ${email}`;
    expect(days).toHaveLength(1);
  });

  test('trims an address, and normalizes its domain (EMAIL-SPACE, IDN)', async () => {
    const { signUp: begun } = await signUp({ ...person, name: 'Jo', email: ' Jo@EXÄMPLE.de\n' });
    expect(begun.viewer.email).toBe('jo@xn--exmple-cua.de');
    for (const same of ['jo@exämple.de', ' JO@XN--EXMPLE-CUA.DE ', 'jo@EXÄMPLE.de']) {
      expect((await signIn(same)).data?.signIn.viewer.id, same).toBe(begun.viewer.id);
      await expect(signUp({ ...person, email: same })).rejects.toMatchObject({ code: 'CONFLICT' });
    }
  });

  test.each(['a&b@example.com', "o'brien@example.com", '.dots..@example.com', 'root@localhost', 'x=y@a.b'])(
    'accepts the address %s, as browsers do (EMAIL-SPACE)',
    async (email) => {
      await signUp({ ...person, name: 'Odd', email });
      expect((await signIn(` ${email.toUpperCase()} `)).data?.signIn.viewer.email).toBe(email);
    },
  );

  test('accepts passwords of 8 and of 128 characters, and a name of 100 emoji', async () => {
    for (const password of ['12345678', 'é'.repeat(128)]) {
      const email = `edge${password.length}@example.com`;
      await signUp({ name: '🧵'.repeat(100), email, password });
      expect((await signIn(email, password)).status).toBe(200);
    }
  });

  test('stores the password only as argon2id with 19 MiB, 2 passes and 1 lane', async () => {
    const { ada } = await people('Ada');
    const account = await db.account.findFirstOrThrow({ where: { userId: uuidOf('User', ada.id) } });
    expect(account.password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(JSON.stringify(account)).not.toContain(PASSWORD);
  });
});

describe('signing in', () => {
  test('accepts the address in any case', async () => {
    const { ada } = await people('Ada');
    const { data } = await signIn(ada.email.toUpperCase());
    expect(data?.signIn.viewer.id).toBe(ada.id);
  });

  test('[FR-013] gives the same answer for a wrong password as for an unknown address', async () => {
    const { ada } = await people('Ada');
    const wrong = await signIn(ada.email, 'not her password');
    const unknown = await signIn('unknown@example.com', 'not her password');
    const noAddress = await signIn('no-address', 'not her password');
    for (const answer of [wrong, unknown, noAddress]) {
      expect(answer.status).toBe(401);
      expect(answer.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
      expect(answer.errors).toEqual(wrong.errors);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  test('works with an old cookie or an invalid token in the request', async () => {
    const { ada } = await people('Ada');
    const input = { email: ada.email, password: PASSWORD };
    for (const stale of [{ cookie: 'taskwire.session_token=gone.long-ago' }, bearer('not.a.token')]) {
      const answer = await send<{ signIn: Session }>(signInDocument, { input }, stale);
      expect(answer.data?.signIn.viewer.id).toBe(ada.id);
    }
  });
});

describe('a credential', () => {
  test('[FR-011] identifies the viewer, as a token and as a cookie', async () => {
    const { ada } = await people('Ada');
    const { cookie, token } = await signIn(ada.email);
    for (const headers of [bearer(token), { authorization: `bearer ${token}` }, { cookie }]) {
      expect((await send(whoAmI, {}, headers)).data).toEqual({ viewer: { name: 'Ada' } });
    }
  });

  test('as a cookie is renewed in the browser on each day of use', async () => {
    const { ada } = await people('Ada');
    const { cookie } = await signIn(ada.email);
    const day = 24 * 60 * 60 * 1000;
    const where = { token: cookie.replace(/^.*=|\..*$/g, '') };
    const { id } = await db.session.findUniqueOrThrow({ where });
    await db.session.update({ where: { id }, data: { expiresAt: new Date(Date.now() + 28.5 * day) } });

    const renewed = (await send(whoAmI, {}, { cookie })).headers.getSetCookie();
    expect(renewed).toEqual([expect.stringContaining(`${cookie}; Max-Age=${(30 * day) / 1000};`)]);
    const { expiresAt } = await db.session.findUniqueOrThrow({ where: { id } });
    expect(Number(expiresAt)).toBeGreaterThan(Date.now() + 29 * day);

    const { cookie: fresh } = await signIn(ada.email);
    expect((await send(whoAmI, {}, { cookie: fresh })).headers.getSetCookie()).toEqual([]);
  });

  test('[SC-008] [FR-025] is required by everything except sign-up and sign-in', async () => {
    const operations = [
      whoAmI,
      '{ tasks { totalCount } }',
      '{ dashboard { overdue } }',
      'mutation { createTask(input: { title: "Tea" }) { cursor } }',
      'mutation { updateViewer(input: { name: "No one" }) { cursor } }',
      signOutDocument,
    ];
    for (const operation of operations) {
      const answer = await send(operation);
      expect(answer.status, operation).toBe(401);
      expect(answer.errors, operation).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
    const { ada } = await people('Ada');
    const task = await ada.createTask('Water the plants');
    for (const verb of ['completeTask', 'reopenTask', 'deleteTask', 'updateTask']) {
      const answer = await send(`mutation { ${verb}(input: { id: "${task}" }) { cursor } }`);
      expect(answer.status, verb).toBe(401);
    }
    expect((await send(`{ task(id: "${task}") { title } }`)).status).toBe(401);
    expect((await send(`{ node(id: "${task}") { id } }`)).status).toBe(401);
  });

  test('[FR-013] as a cookie is not accepted from another origin', async () => {
    const { ada } = await people('Ada');
    const { cookie, token } = await signIn(ada.email);
    const here = new URL(url).origin;
    const ours: Record<string, string>[] = [
      {},
      { origin: here },
      { origin: here, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ];
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { origin: here.replace('http:', 'https:').replace(/\d$/, '') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: here, 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of ours) {
      expect((await send(whoAmI, {}, { cookie, ...headers })).status, JSON.stringify(headers)).toBe(200);
    }
    for (const headers of foreign) {
      const answer = await send(whoAmI, {}, { cookie, ...headers });
      expect(answer.status, JSON.stringify(headers)).toBe(401);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      const withToken = await send(whoAmI, {}, { ...bearer(token), ...headers });
      expect(withToken.status, JSON.stringify(headers)).toBe(200);
    }
  });

  test('[FR-013] is rejected if it was modified', async () => {
    const { ada } = await people('Ada');
    const { bob } = await people('Bob');
    const { token, cookie } = await signIn(ada.email);
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const asBob = encode({ ...claims, sub: uuidOf('User', bob.id) });
    const { privateKey } = generateKeyPairSync('ed25519');
    const forge = (header: object, payload: string) => {
      const signed = `${encode(header)}.${payload}`;
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
    };
    const forged = {
      'with another person’s id': `${head}.${asBob}.${signature}`,
      'with a later end': `${head}.${encode({ ...claims, exp: 4_000_000_000 })}.${signature}`,
      'with a changed signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      'with no signature': `${head}.${body}.`,
      'with algorithm none': `${encode({ alg: 'none', kid })}.${body}.`,
      'with algorithm none and the old signature': `${encode({ alg: 'none', kid })}.${body}.${signature}`,
      'with an HMAC algorithm': `${encode({ alg: 'HS256', kid })}.${body}.${signature}`,
      'signed by another key': forge({ alg: 'EdDSA', kid }, asBob),
      'signed by another key with its own key id': forge({ alg: 'EdDSA', kid: 'mine' }, asBob),
      'only the body': body,
    };
    for (const [how, credential] of Object.entries(forged)) {
      const answer = await send(whoAmI, {}, bearer(credential));
      expect(answer.status, how).toBe(401);
      expect(answer.errors, how).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
    const tampered = cookie.replace(/=(.)/, (_match, first: string) => (first === 'a' ? '=b' : '=a'));
    for (const wrong of [tampered, cookie.slice(0, -6), cookie.split('.').slice(0, 2).join('.')]) {
      expect((await send(whoAmI, {}, { cookie: wrong })).status, wrong).toBe(401);
    }
  });

  test('[FR-013] signed by the server, but expired or of another server, is rejected', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const auth = (publicUrl: string) =>
      createAuth({
        db,
        log: createLogger('silent'),
        secret: AUTH_SECRET,
        allowedOrigins: [],
        publicUrl,
        limits: createSignInLimits(0),
        signUps: 'open',
      });
    const sub = uuidOf('User', ada.id);
    const { id: sid } = await db.session.findFirstOrThrow({ where: { userId: sub } });
    const { id: bobs } = await db.session.findFirstOrThrow({ where: { userId: uuidOf('User', bob.id) } });
    const signed = async (payload: object, publicUrl = url) =>
      (await auth(publicUrl).api.signJWT({ body: { payload: { ...payload } } })).token;
    const now = Math.floor(Date.now() / 1000);
    const exp = now + 60;

    expect((await send(whoAmI, {}, bearer(await signed({ sub, sid, exp })))).status).toBe(200);
    const refused = {
      'a second too old': await signed({ sub, sid, exp: now - 1 }),
      'not valid yet': await signed({ sub, sid, exp, nbf: now + 30 }),
      'of another server': await signed({ sub, sid, exp }, 'https://elsewhere.example'),
      'without a session': await signed({ sub, exp }),
      'of a session that never was': await signed({ sub, sid: randomUUID(), exp }),
      'of another person’s session': await signed({ sub, sid: bobs, exp }),
      'with a session that is no id': await signed({ sub, sid: { not: sid }, exp }),
    };
    for (const [what, token] of Object.entries(refused)) {
      const answer = await send(whoAmI, {}, bearer(token));
      expect(answer.status, what).toBe(401);
      expect(answer.errors, what).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
  });

  test('[FR-013] [FR-025] in a malformed header is rejected', async () => {
    const { ada } = await people('Ada');
    const basic = Buffer.from(`${ada.email}:${PASSWORD}`).toString('base64');
    for (const authorization of [
      'Bearer',
      'Bearer ',
      ada.token,
      `Bearer ${ada.token} ${ada.token}`,
      `Bearer "${ada.token}"`,
      `Token ${ada.token}`,
      `Basic ${basic}`,
      'Bearer null',
      'Bearer undefined',
      `Bearer ${'x'.repeat(8_000)}`,
    ]) {
      const answer = await send(whoAmI, {}, { authorization });
      expect(answer.status, authorization.slice(0, 40)).toBe(401);
      expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
      expect(JSON.stringify(answer.errors)).not.toContain(ada.token);
    }
  });

  test('[FR-012] [FR-013] is rejected once it has expired, as a token and as a cookie', async () => {
    const { ada } = await people('Ada');
    const { token, cookie } = await signIn(ada.email);
    await db.session.updateMany({
      where: { userId: uuidOf('User', ada.id) },
      data: { expiresAt: new Date(Date.now() - 1000) },
    });
    expect((await send(whoAmI, {}, bearer(token))).status).toBe(401);
    expect((await send(whoAmI, {}, { cookie })).status).toBe(401);
  });
});

describe('signing out', () => {
  test('[FR-012] by a token ends the token and the cookie of its session at once, and no other session', async () => {
    const { ada } = await people('Ada');
    const { token, cookie } = await signIn(ada.email);
    // Both are cached for some seconds from here on.
    for (const headers of [bearer(token), { cookie }]) {
      expect((await send(whoAmI, {}, headers)).status).toBe(200);
    }
    const answer = await send(signOutDocument, {}, bearer(token));
    expect(answer.data).toEqual({ signOut: { signedOut: true } });
    for (const headers of [bearer(token), { cookie }]) {
      expect((await send(whoAmI, {}, headers)).status).toBe(401);
    }
    expect((await send(whoAmI, {}, bearer(ada.token))).status).toBe(200);
  });

  test('[FR-012] by the cookie does the same, and clears the browser’s cookie', async () => {
    const { ada } = await people('Ada');
    const { token, cookie } = await signIn(ada.email);
    await send(whoAmI, {}, bearer(token));
    const answer = await send(signOutDocument, {}, { cookie });
    expect(answer.headers.getSetCookie().join()).toMatch(/taskwire\.session_token=;.*Max-Age=0/i);
    for (const headers of [bearer(token), { cookie }]) {
      expect((await send(whoAmI, {}, headers)).status).toBe(401);
    }
    expect((await send(signOutDocument, {}, { cookie })).status).toBe(401);
  });

  test('[FR-012] by the library’s path does the same', async () => {
    const { ada } = await people('Ada');
    const { token, cookie } = await signIn(ada.email);
    for (const headers of [bearer(token), { cookie }]) await send(whoAmI, {}, headers);
    const { origin } = new URL(url);
    const answer = await fetch(`${url}/api/auth/sign-out`, { method: 'POST', headers: { cookie, origin } });
    expect(answer.status).toBe(200);
    for (const headers of [bearer(token), { cookie }]) {
      expect((await send(whoAmI, {}, headers)).status).toBe(401);
    }
  });
});

describe('the log', () => {
  test('[FR-028] [BR-11] has events for sign-up, sign-in and sign-out, in the same transactions', async () => {
    const { ada } = await people('Ada');
    const { token } = await signIn(ada.email);
    const userId = uuidOf('User', ada.id);
    const [signedUp, first, second] = await eventsOf(ada.id);
    expect([signedUp?.kind, first?.kind, second?.kind]).toEqual([
      'user.signedUp',
      'session.started',
      'session.started',
    ]);
    expect(signedUp?.subjectId).toBe(userId);
    expect(String(signedUp?.transactionId)).toBe(await transactionOf('users', userId));
    expect(first?.transactionId).toBe(signedUp?.transactionId);
    for (const started of [first, second]) {
      const id = started?.subjectId ?? '';
      expect(String(started?.transactionId)).toBe(await transactionOf('sessions', id));
    }

    await send(signOutDocument, {}, bearer(token));
    await send(signOutDocument, {}, bearer(token));
    const ended = (await eventsOf(ada.id)).slice(3);
    expect(ended.map(({ kind, subjectId }) => ({ kind, subjectId }))).toEqual([
      { kind: 'session.ended', subjectId: second?.subjectId },
    ]);
  });

  test('[BR-11] and the account are written together or not at all', async () => {
    await db.$executeRaw`ALTER TABLE events RENAME TO lost`;
    const person = { name: 'Gus', email: 'gus@example.com', password: PASSWORD };
    try {
      await expect(signUp(person)).rejects.toThrow();
      expect(await db.user.count({ where: { email: person.email } })).toBe(0);
    } finally {
      await db.$executeRaw`ALTER TABLE lost RENAME TO events`;
    }
    await expect(signUp(person)).resolves.toBeDefined();
  });
});

describe('the auth library’s paths', () => {
  async function post(path: string, body: object, headers: Record<string, string> = {}) {
    return fetch(`${url}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(url).origin, ...headers },
      body: JSON.stringify(body),
    });
  }

  test('sign a person up, with events, and return a valid token and the keys to verify it', async () => {
    const person = { name: 'Hal', email: 'hal@example.com', password: PASSWORD };
    const signedUp = await post('/sign-up/email', person);
    expect(signedUp.status).toBe(200);
    const cookie = signedUp.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
    const answer = await fetch(`${url}/api/auth/token`, { headers: { cookie } });
    const { token } = (await answer.json()) as { token: string };
    expect((await send(whoAmI, {}, bearer(token))).data).toEqual({ viewer: { name: 'Hal' } });
    const { keys } = (await (await fetch(`${url}/api/auth/jwks`)).json()) as { keys: { kid: string }[] };
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as {
      kid: string;
    };
    expect(keys.map((key) => key.kid)).toContain(kid);
    expect(Object.keys(keys[0] ?? {})).not.toContain('d');
    const { viewer } = await query<{ viewer: { id: string } }>('{ viewer { id } }', {}, bearer(token));
    expect((await eventsOf(viewer.id)).map(({ kind }) => kind)).toEqual(['user.signedUp', 'session.started']);
  });

  test('validate names and addresses like the mutation', async () => {
    const person = { name: 'Ivy', email: 'ivy@example.com', password: PASSWORD };
    for (const wrong of [
      { name: 'x'.repeat(101) },
      { name: ' ' },
      { name: 'I\0vy' },
      { email: `${'c'.repeat(243)}@example.com` },
    ]) {
      expect((await post('/sign-up/email', { ...person, ...wrong })).status).toBe(400);
    }
    expect(await db.user.count({ where: { email: person.email } })).toBe(0);
  });

  test('ignore other fields, such as an image of any size (H4)', async () => {
    const person = { name: 'Ira', email: 'ira@example.com', password: PASSWORD };
    const extra = { image: 'x'.repeat(10_000), emailVerified: true, timezone: 'Europe/Oslo', isAdmin: true };
    const signedUp = await post('/sign-up/email', { ...person, ...extra });
    expect(signedUp.status).toBe(200);
    expect(await signedUp.text()).not.toContain('xxx');
    const stored = await db.user.findUniqueOrThrow({ where: { email: person.email } });
    expect(stored).toMatchObject({ image: null, emailVerified: false, timezone: 'Europe/Oslo' });
    await expect(db.$executeRaw`UPDATE users SET image = 'x' WHERE email = ${person.email}`).rejects.toThrow(
      'users_have_no_image',
    );
  });

  test('cannot change a profile without an event', async () => {
    const { ada } = await people('Ada');
    const { cookie } = await signIn(ada.email);
    expect((await post('/update-user', { name: 'Eve' }, { cookie })).status).toBe(404);
    expect((await send(whoAmI, {}, { cookie })).data).toEqual({ viewer: { name: 'Ada' } });
  });

  test('reject a cookie from another origin', async () => {
    const { ada } = await people('Ada');
    const { cookie } = await signIn(ada.email);
    const answer = await post('/sign-out', {}, { cookie, origin: 'https://evil.example' });
    expect(answer.status).toBe(403);
    expect((await send(whoAmI, {}, { cookie })).status).toBe(200);
  });
});

describe('a person', () => {
  const update =
    'mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { cursor viewer { name timezone } } }';

  test('changes their own name and time zone; omitted fields stay', async () => {
    const { ada } = await people('Ada');
    const change = (input: object) => ada.query<{ updateViewer: unknown }>(update, { input });
    await expect(change({ timezone: 'America/New_York' })).resolves.toMatchObject({
      updateViewer: { viewer: { name: 'Ada', timezone: 'America/New_York' } },
    });
    await expect(change({ name: ' Countess ' })).resolves.toMatchObject({
      updateViewer: { viewer: { name: 'Countess', timezone: 'America/New_York' } },
    });
    const before = (await eventsOf(ada.id)).length;
    await expect(change({})).resolves.toMatchObject({ updateViewer: { viewer: { name: 'Countess' } } });
    const events = await eventsOf(ada.id);
    expect(events).toHaveLength(before);
    expect(events.slice(-2).map(({ kind, data }) => ({ kind, data }))).toEqual([
      { kind: 'user.updated', data: { fields: ['timezone'] } },
      { kind: 'user.updated', data: { fields: ['name'] } },
    ]);
  });

  test('choose the language of their page', async () => {
    const { ada } = await people('Ada');
    const change = (locale: unknown) =>
      ada.query(
        'mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { viewer { locale } } }',
        {
          input: { locale },
        },
      );
    expect(await ada.query('{ viewer { locale } }')).toEqual({ viewer: { locale: null } });
    expect(await change('de')).toEqual({ updateViewer: { viewer: { locale: 'de' } } });
    await expect(change('tlh')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'locale' },
    });
    expect(await change(null)).toEqual({ updateViewer: { viewer: { locale: null } } });
  });

  test('cannot set an invalid name or time zone', async () => {
    const { ada } = await people('Ada');
    for (const [field, value] of [
      ['name', ' '],
      ['name', 'x'.repeat(101)],
      ['name', 'A\0da'],
      ['timezone', 'Europe/Atlantis'],
      ['timezone', 'Etc/Unknown'],
      ['timezone', 'posix/UTC'],
    ]) {
      const refused = ada.query(update, { input: { [field as string]: value } });
      await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_FAILED', extensions: { field } });
    }
  });
});

test('passwords, tokens, cookies and hashes are never logged, at any level', async () => {
  const server = await startProcess({ DATABASE_URL: await freshDatabase(), LOG_LEVEL: 'trace' });
  const ask = async (document: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: document }),
    });
  const account = 'email: "ida@example.com", password: "hunter2hunter2"';
  const begun = await ask(`mutation { signUp(input: { name: "Ida", ${account} }) { token } }`);
  const cookie = begun.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  const { data } = (await begun.json()) as { data: { signUp: { token: string } } };
  const { token } = data.signUp;
  await ask(`mutation { signUp(input: { name: "Ida", ${account} }) { token } }`);
  await ask('mutation { signIn(input: { email: "ida@example.com", password: "hunter3hunter3" }) { token } }');
  await ask(whoAmI, { authorization: `Bearer ${token.slice(0, -4)}` });
  await ask(whoAmI, { cookie: `${cookie}x` });
  await ask(signOutDocument, { cookie });
  await ask(whoAmI, bearer(token));
  await server.stop();

  const said = server.output();
  expect(said).toContain('ready at');
  for (const secret of ['hunter2', 'hunter3', 'argon2id', token.slice(0, -4), cookie.split('=')[1] ?? '-']) {
    expect(said).not.toContain(secret);
  }
});
