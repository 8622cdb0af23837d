import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { verifyAccount } from '../../server/auth/account.ts';
import { EXAMPLES, readExamples, type Example } from '../../ops/api-examples.ts';
import { schema } from '../../schema/index.ts';
import { issuePasswordReset } from '../../server/auth/password-change.ts';
import { browserOf } from '../kit/browser-session.ts';
import { startWorld, type Person } from '../kit/world.ts';
import { gardenersIn, plantGarden, type Gardeners } from './garden.ts';

const ROOT = { name: 'Root', email: 'root@example.com', password: 'correct horse battery' };

const world = await startWorld({ ADMIN_EMAILS: ROOT.email });
const examples = readExamples();
const readers = await gardeners();
const writers = await gardeners();
/** Queries share a garden; each example that changes something has its own. */
const garden = await plantGarden(readers, world);

const root = await administrator();
/** Their answers differ in each run. */
const MEASURED = new Set(['Performance', 'RateLimit']);
/** These end what other examples use. */
const OF_ONE_ALONE = new Set(['SignOut', 'ChangePassword', 'EndOtherSessions', 'ResetPassword']);
/** Only a browser can send these. */
const OF_BROWSERS = new Set(['Approve', 'Refuse', 'SetDeletionGrant']);
/** What Grace does so that a subscription gets a second payload. */
const changes: Record<string, (grace: Person, variables: Record<string, unknown>) => Promise<unknown>> = {
  Events: (grace, { filter }) => complete(grace, (filter as { taskId: string }).taskId),
  Dashboard: (grace) => grace.createTask('Order seeds'),
  Task: (grace, { id }) => complete(grace, id),
  AssistantReply: (_grace, { conversationId }) =>
    world.db.assistantReply.updateMany({
      where: { conversationId: uuidOf('Conversation', String(conversationId)) },
      data: { content: 'One task is due this week:' },
    }),
  Messages: (grace, { conversationId }) =>
    grace.query(
      'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, content: "On Friday, then." }) { cursor } }',
      { id: conversationId },
    ),
};
const complete = (grace: Person, id: unknown) =>
  grace.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id });

const fieldOf = (name: string) => name.replace(/^./, (letter) => letter.toLowerCase());

// A page of mutations creates a garden for each.
describe('[T062] the examples of the reference', { timeout: 60_000 }, () => {
  const pages = [...new Set(examples.map(({ page }) => page))];

  test.each(pages)('for %s work and give the printed answers', async (page) => {
    const answers: Record<string, unknown> = {};
    for (const example of examples.filter((example) => example.page === page)) {
      const { name, kind, variables } = example;
      // The statistics count everything that the person has.
      const people = kind === 'query' ? readers : kind === 'subscription' ? await gardeners() : writers;
      const place = kind === 'query' ? garden : await plantGarden(people, world);
      // The address that the example signs up with is still free.
      const given = name === 'SignUp' ? variables : place.really(variables);
      const answer = await answerTo(example, people.grace, given);
      if (!MEASURED.has(name)) answers[name] = place.asPrinted(answer);
    }
    const printed = await format(JSON.stringify(answers), { parser: 'json', printWidth: 110 });
    await expect(printed).toMatchFileSnapshot(join(EXAMPLES, `${page}.answers.json`));
  });

  test('cover each field of Query, Mutation and Subscription, and no others', () => {
    const roots = {
      query: schema.getQueryType(),
      mutation: schema.getMutationType(),
      subscription: schema.getSubscriptionType(),
    };
    const fields = Object.entries(roots).flatMap(([kind, root]) =>
      Object.keys(root?.getFields() ?? {}).map((field) => `${kind} ${field}`),
    );
    expect(examples.map(({ kind, name }) => `${kind} ${fieldOf(name)}`).sort()).toEqual(fields.sort());
  });

  test('do what their names say', () => {
    for (const { name, text, kind } of examples)
      expect(text).toMatch(new RegExp(`^${kind} ${name}\\b[^{]*\\{\\s*${fieldOf(name)}\\b`));
  });
});

/** Sends an example as a suitable person. */
async function answerTo({ kind, name, text }: Example, grace: Person, variables: Record<string, unknown>) {
  if (kind === 'subscription') return told(name, text, grace, variables);
  if (MEASURED.has(name)) return world.query(text, variables, root);
  const person = OF_ONE_ALONE.has(name) ? (await world.people('Grace')).grace : grace;
  if (name === 'ResetPassword') {
    const { input } = variables as { input: object };
    const token = await issuePasswordReset(world.db, person.email);
    const answered = await world.query<object>(text, { input: { ...input, token } });
    return { data: mapAddress(answered, person.email) };
  }
  if (OF_BROWSERS.has(name)) return { data: await (await browserOf(world, person)).query(text, variables) };
  return { data: await person.query(text, variables) };
}

function mapAddress(answer: object, address: string): unknown {
  return JSON.parse(JSON.stringify(answer).replace(address, 'grace@example.com'));
}

/** The second payload of Grace's subscription, after she does what the example is about. */
async function told(name: string, query: string, grace: Person, variables: Record<string, unknown>) {
  const change = changes[name];
  if (!change) throw new Error(`Nothing happens that ${name} could tell of.`);
  const client = createClient({
    url: `${world.url.replace('http', 'ws')}/graphql`,
    connectionParams: { authorization: `Bearer ${grace.token}` },
  });
  const payloads = [];
  for await (const payload of client.iterate({ query, variables })) {
    expect(payload.errors).toBeUndefined();
    payloads.push(payload);
    if (payloads.length === 1) await change(grace, variables);
    if (payloads.length === 2) break;
  }
  await client.dispose();
  return payloads;
}

/** The headers of an administrator. */
async function administrator(): Promise<Record<string, string>> {
  const { signUp } = await world.query<{ signUp: { token: string } }>(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
    { input: ROOT },
  );
  await verifyAccount(world.db, ROOT.email);
  return { authorization: `Bearer ${signUp.token}` };
}

/** One after the other: participants are listed in the order of sign-up. */
async function gardeners(): Promise<Gardeners> {
  const people = await gardenersIn(world);
  await verifyAccount(world.db, people.grace.email);
  return people;
}
