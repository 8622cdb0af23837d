import { expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { makeWebhook, stateOf } from '../kit/receiver.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people, query } = world;

const URL = 'https://receiver.example.com/hook';
const kinds = ['TASK_DELETED'];

const update = (person: Person, input: Record<string, unknown>) =>
  person.query<{ updateWebhook: { webhook: Record<string, unknown> } }>(
    'mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { url kinds enabled disabledReason taskFilter } } }',
    { input },
  );

test('a secret is shown once, and stored encrypted', async () => {
  const { ada } = await people('Ada');
  const { id, secret } = await makeWebhook(ada, { url: URL, kinds, description: 'Chat' });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const stored = await db.webhook.findUniqueOrThrow({ where: { id: uuidOf('Webhook', id) } });
  expect(stored.secret).not.toContain(secret.slice(6, 20));
  const events = await db.event.findMany({ where: { subjectId: stored.id } });
  expect(events).toMatchObject([{ kind: 'webhook.created', actorId: uuidOf('User', ada.id), data: {} }]);
});

test.each([
  ['a private address', { url: 'https://10.0.0.1/' }, 'url'],
  ['a host of this machine', { url: 'https://localhost/' }, 'url'],
  ['plain HTTP', { url: 'http://receiver.example.com/' }, 'url'],
  ['another protocol', { url: 'ftp://receiver.example.com/' }, 'url'],
  ['no URL', { url: 'receiver' }, 'url'],
  ['a password in the URL', { url: 'https://ada:secret@receiver.example.com/' }, 'url'],
  ['a URL that is too long', { url: `https://receiver.example.com/${'x'.repeat(2_000)}` }, 'url'],
  ['a long description', { url: URL, description: 'x'.repeat(201) }, 'description'],
  ['a filter with a wrong id', { url: URL, taskFilter: { team: { eq: 'x' } } }, 'filter.team.eq'],
])('a webhook with %s is VALIDATION_FAILED', async (_what, input, field) => {
  const { ada } = await people('Ada');
  await expect(makeWebhook(ada, input)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    extensions: { field },
  });
});

test('a person and a team have 20 webhooks at most, also if they create several at once', async () => {
  const { ada } = await people('Ada');
  const team = await teamOf(ada, []);
  for (const teamId of [null, team.id]) {
    const made = await Promise.allSettled(
      Array.from({ length: 23 }, () => makeWebhook(ada, { url: URL, kinds, teamId })),
    );
    const refused = made.filter((each) => each.status === 'rejected');
    expect(refused.map(({ reason }) => reason as unknown)).toMatchObject(Array(3).fill({ code: 'CONFLICT' }));
  }
});

test('a changed webhook has the new settings; disabling and enabling are events', async () => {
  const { ada } = await people('Ada');
  const webhook = await makeWebhook(ada, { url: URL, kinds, taskFilter: { priority: { eq: 'HIGH' } } });
  await expect(update(ada, { id: webhook.id, kinds: [], taskFilter: null, enabled: false })).resolves.toEqual(
    {
      updateWebhook: {
        webhook: { url: URL, kinds: [], enabled: false, disabledReason: 'BY_PERSON', taskFilter: null },
      },
    },
  );
  for (const field of ['testWebhook', 'replayWebhook'])
    await expect(
      ada.query(
        field === 'testWebhook'
          ? 'mutation ($id: ID!) { testWebhook(input: { id: $id }) { cursor } }'
          : `mutation ($id: ID!) { replayWebhook(input: { id: $id, after: "${webhook.cursor}" }) { cursor } }`,
        { id: webhook.id },
      ),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(update(ada, { id: webhook.id, resume: true })).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
  });
  await update(ada, { id: webhook.id, enabled: true });
  await update(ada, { id: webhook.id, enabled: true });
  expect(await stateOf(ada, webhook)).toMatchObject({ enabled: true, disabledReason: null });
  const events = await db.event.findMany({
    where: { subjectId: uuidOf('Webhook', webhook.id) },
    orderBy: { sequence: 'asc' },
  });
  expect(events.map(({ kind, data }) => [kind, data])).toEqual([
    ['webhook.created', {}],
    ['webhook.updated', { fields: ['kinds', 'taskFilter'] }],
    ['webhook.disabled', { reason: 'BY_PERSON' }],
    ['webhook.updated', { fields: ['enabled'] }],
  ]);
});

test('[BR-10] a deleted webhook is gone; deleting it again has no effect', async () => {
  const { ada } = await people('Ada');
  const { id } = await makeWebhook(ada, { url: URL, kinds });
  const remove = 'mutation ($id: ID!) { deleteWebhook(input: { id: $id }) { deletedWebhookId cursor } }';
  const [first, again] = [await ada.query(remove, { id }), await ada.query(remove, { id })];
  expect(again).toEqual(first);
  await expect(ada.query('{ webhooks { totalCount } }')).resolves.toEqual({ webhooks: { totalCount: 0 } });
});

test('an API token reads webhooks, but cannot create or change them', async () => {
  const { ada } = await people('Ada');
  const { id } = await makeWebhook(ada, { url: URL, kinds });
  const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
  const by = (document: string, variables: object = {}) =>
    query(document, { ...variables }, { authorization: `Bearer ${token}` });
  await expect(by('{ webhooks { nodes { url } } }')).resolves.toEqual({
    webhooks: { nodes: [{ url: URL }] },
  });
  for (const document of [
    `mutation { createWebhook(input: { url: "${URL}" }) { secret } }`,
    `mutation { updateWebhook(input: { id: "${id}", url: "https://evil.example.com/" }) { cursor } }`,
    `mutation { rotateWebhookSecret(input: { id: "${id}" }) { secret } }`,
    `mutation { deleteWebhook(input: { id: "${id}" }) { cursor } }`,
  ])
    await expect(by(document)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(
    by(`mutation { testWebhook(input: { id: "${id}" }) { delivery { cause } } }`),
  ).resolves.toEqual({
    testWebhook: { delivery: { cause: 'TEST' } },
  });
});
