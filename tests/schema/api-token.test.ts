import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { useApiToken } from '../../server/domain/api-token.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { giveShare } from '../kit/shares.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people, query } = await startWorld();
const { ada, bob } = await people('Ada', 'Bob');

interface Created {
  token: string;
  apiToken: {
    id: string;
    name: string;
    scopes: string[];
    expiresAt: string | null;
    lastUsedAt: string | null;
  };
}

const CREATE = `mutation ($input: CreateApiTokenInput!) {
  createApiToken(input: $input) { token cursor apiToken { id name scopes expiresAt lastUsedAt createdAt } }
}`;
const REVOKE = 'mutation ($id: ID!) { revokeApiToken(input: { id: $id }) { revokedApiTokenId cursor } }';

async function make(person: Person, input: Record<string, unknown> = {}): Promise<Created> {
  const { createApiToken } = await person.query<{ createApiToken: Created }>(CREATE, {
    input: { name: 'Backup script', scopes: ['READ'], ...input },
  });
  return createApiToken;
}

/** The answer to a program with this token. */
function by<Data>(token: string, document: string, variables = {}): Promise<Data> {
  return query<Data>(document, variables, { authorization: `Bearer ${token}` });
}

function useOf(id: string) {
  return db.event.count({ where: { subjectId: uuidOf('ApiToken', id), kind: 'apiToken.used' } });
}

const ME = '{ viewer { name } }';
const DO = 'mutation { createTask(input: { title: "By a program" }) { task { owner { name } } } }';

describe('creating a token', () => {
  test('is rejected for a person with a hundred tokens, also concurrently, until one is revoked', async () => {
    const { cleo } = await people('Cleo');
    const userId = uuidOf('User', cleo.id);
    const earlier = Array.from({ length: 98 }, (_, n) => ({
      userId,
      name: `Token ${n}`,
      hash: createHash('sha256').update(`${n}`).digest(),
      scopes: ['READ' as const],
    }));
    await db.apiToken.createMany({ data: earlier });
    const made = await Promise.allSettled(Array.from({ length: 5 }, () => make(cleo)));
    const refused = made.filter((each) => each.status === 'rejected');
    expect(refused.map(({ reason }) => reason as unknown)).toMatchObject(
      Array.from({ length: 3 }, () => ({ code: 'CONFLICT' })),
    );
    expect(await db.apiToken.count({ where: { userId } })).toBe(100);
    const one = await db.apiToken.findFirstOrThrow({ where: { userId } });
    await cleo.query(REVOKE, { id: publicId('ApiToken', one.id) });
    await expect(make(cleo)).resolves.toMatchObject({ apiToken: { name: 'Backup script' } });
  });

  test('returns it once; only its SHA-256 is stored', async () => {
    const { token, apiToken } = await make(ada);
    expect(token).toMatch(/^twp_[\w-]{43}$/);
    expect(apiToken).toMatchObject({
      name: 'Backup script',
      scopes: ['READ'],
      expiresAt: null,
      lastUsedAt: null,
    });
    const kept = await db.apiToken.findUniqueOrThrow({ where: { id: uuidOf('ApiToken', apiToken.id) } });
    expect(Buffer.from(kept.hash).toString('hex')).toBe(createHash('sha256').update(token).digest('hex'));
    const events = await db.event.findMany({ where: { subjectId: kept.id } });
    expect(events.map(({ kind }) => kind)).toEqual(['apiToken.created']);
    expect(JSON.stringify([kept, events.map(({ data }) => data)])).not.toContain(token.slice(4));
  });

  test.each([
    ['no name', { name: ' ' }, 'name'],
    ['no scope', { scopes: [] }, 'scopes'],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('with %s is VALIDATION_FAILED', async (_what, input, field) => {
    await expect(make(ada, input)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });
});

describe('a program with a token', () => {
  test('[FR-011] [BR-12] acts as the token’s owner, who sees its name and last use in the list', async () => {
    const { cleo } = await people('Cleo');
    const { token } = await make(cleo, { scopes: ['WRITE'] });
    await expect(by(token, ME)).resolves.toEqual({ viewer: { name: 'Cleo' } });
    await expect(by(token, DO)).resolves.toMatchObject({
      createTask: { task: { owner: { name: 'Cleo' } } },
    });
    const mine = '{ viewer { apiTokens(first: 5) { totalCount nodes { name scopes } } } }';
    await make(cleo, { name: 'Another' });
    await expect(cleo.query(mine)).resolves.toEqual({
      viewer: {
        apiTokens: {
          totalCount: 2,
          nodes: [
            { name: 'Backup script', scopes: ['READ', 'WRITE'] },
            { name: 'Another', scopes: ['READ'] },
          ],
        },
      },
    });
  });

  test('[FR-011] can only read with the scope READ', async () => {
    const { token } = await make(ada);
    await expect(by(token, ME)).resolves.toEqual({ viewer: { name: 'Ada' } });
    await expect(by(token, DO)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await db.task.count({ where: { title: 'By a program', owner: { email: ada.email } } })).toBe(0);
  });

  test('cannot create or revoke tokens, or sign out', async () => {
    const { token, apiToken } = await make(ada, { scopes: ['WRITE'] });
    for (const document of [
      'mutation { createApiToken(input: { name: "Successor", scopes: [WRITE] }) { token } }',
      `mutation { revokeApiToken(input: { id: "${apiToken.id}" }) { cursor } }`,
      'mutation { signOut { signedOut } }',
    ]) {
      await expect(by(token, document)).rejects.toMatchObject({ code: 'FORBIDDEN', status: 200 });
    }
    await expect(by(token, ME)).resolves.toEqual({ viewer: { name: 'Ada' } });
  });

  test('[FR-028] updates its last use once a minute, and appends an event once an hour', async () => {
    const { token, apiToken } = await make(ada);
    const id = uuidOf('ApiToken', apiToken.id);
    await Promise.all([1, 2, 3, 4, 5].map(() => useApiToken(db, token)));
    const used = await db.apiToken.findUniqueOrThrow({ where: { id } });
    expect(Date.now() - (used.lastUsedAt?.getTime() ?? 0)).toBeLessThan(10_000);
    expect(await useOf(apiToken.id)).toBe(1);

    await useApiToken(db, token);
    expect((await db.apiToken.findUniqueOrThrow({ where: { id } })).lastUsedAt).toEqual(used.lastUsedAt);

    const longAgo = new Date(Date.now() - 60 * 60_000);
    await db.apiToken.update({ where: { id }, data: { lastUsedAt: longAgo } });
    await Promise.all([1, 2, 3].map(() => useApiToken(db, token)));
    expect(await useOf(apiToken.id)).toBe(2);
    const again = await db.apiToken.findUniqueOrThrow({ where: { id } });
    expect(again.lastUsedAt?.getTime()).toBeGreaterThan(longAgo.getTime());
  });
});

describe('a token that is no longer valid', () => {
  test('[FR-013] is UNAUTHENTICATED with HTTP 401 as soon as it is revoked; revoking it again has no effect', async () => {
    const { token, apiToken } = await make(ada);
    await expect(by(token, ME)).resolves.toEqual({ viewer: { name: 'Ada' } });
    const [first, again] = [await ada.query(REVOKE, apiToken), await ada.query(REVOKE, apiToken)];
    expect(again).toEqual(first);
    await expect(by(token, ME)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    await expect(ada.query('query ($id: ID!) { node(id: $id) { id } }', apiToken)).resolves.toEqual({
      node: null,
    });
  });

  test('[FR-012] [FR-013] is UNAUTHENTICATED as soon as it expires, also if it was used just before', async () => {
    const { token, apiToken } = await make(ada, { expiresAt: new Date(Date.now() + 1_500).toISOString() });
    await expect(by(token, ME)).resolves.toEqual({ viewer: { name: 'Ada' } });
    await expect
      .poll(() => by(token, ME).catch((error: unknown) => error), { timeout: 4_000, interval: 200 })
      .toMatchObject({ code: 'UNAUTHENTICATED', message: 'This API token has expired. Create a new one.' });
    expect(Date.now() - Date.parse(apiToken.expiresAt ?? '')).toBeLessThan(1_500);
  });

  test('[FR-028] causes an event for its owner when it is used after its expiry, at most once an hour', async () => {
    const { token, apiToken } = await make(bob);
    const id = uuidOf('ApiToken', apiToken.id);
    await db.apiToken.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1000) } });
    for (let n = 0; n < 3; n += 1) {
      await expect(by(token, ME)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    const told = await db.event.findMany({ where: { subjectId: id, kind: 'access.refused' } });
    expect(told).toMatchObject([{ actorId: null, personId: uuidOf('User', bob.id) }]);
  });

  test('[FR-013] [FR-025] is UNAUTHENTICATED like one that never existed, without an event', async () => {
    const before = await db.event.count();
    for (const token of ['twp_', `twp_${'A'.repeat(43)}`, 'twp_x.y.z']) {
      await expect(by(token, ME)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    }
    expect(await db.event.count()).toBe(before);
  });
});

test('[BR-08] [FR-026] of another person is not visible and cannot be revoked', async () => {
  const { apiToken } = await make(ada);
  await giveShare(ada, bob, await ada.createTask('Known to Bob'));
  await expect(
    bob.query(
      'query ($id: ID!) { node(id: $id) { ... on User { name apiTokens { totalCount nodes { id } } } } }',
      {
        id: ada.id,
      },
    ),
  ).resolves.toEqual({ node: { name: 'Ada', apiTokens: { totalCount: 0, nodes: [] } } });
  await expect(bob.query('query ($id: ID!) { node(id: $id) { id } }', apiToken)).resolves.toEqual({
    node: null,
  });
  const refusals = await Promise.all(
    [apiToken.id, publicId('ApiToken', newId())].map((id) =>
      bob.query(REVOKE, { id }).catch((error: unknown) => error),
    ),
  );
  expect(refusals).toMatchObject([{ code: 'NOT_FOUND' }, { code: 'NOT_FOUND' }]);
  expect(new Set(refusals.map((refusal) => (refusal as Error).message)).size).toBe(1);
});
