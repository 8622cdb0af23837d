import { expect, onTestFinished, test } from 'vitest';
import { openSession } from '../kit/session.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;

const EVENTS =
  'subscription ($after: String) { events(after: $after) { cursor event { kind task { title } } } }';

interface Told {
  data: { events: { cursor: string; event: { kind: string; task: { title: string } | null } | null } } | null;
  errors?: { extensions: { code: string } }[];
}

/** Subscribes like browsers without WebSockets. */
async function listen(person: Person, variables: object = {}, query = EVENTS) {
  const leaving = new AbortController();
  onTestFinished(() => {
    leaving.abort();
  });
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${person.token}`,
    },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  });
  const payloads = (async function* () {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [event, data] = ['event', 'data'].map(
          (field) => new RegExp(`^${field}: ?(.*)$`, 'm').exec(text.slice(0, end))?.[1],
        );
        text = text.slice(end + 2);
        if (event === 'next') yield JSON.parse(data ?? '') as Told;
      }
    }
  })();
  return {
    status: response.status,
    leave: () => {
      leaving.abort();
    },
    next: async () => (await payloads.next()).value as Told | undefined,
  };
}

test('[FR-024] events are delivered by server-sent events, and resume after a cursor', async () => {
  const { ada } = await people('Ada');
  const first = await listen(ada);
  expect((await first.next())?.data?.events.event).toBeNull();
  await ada.createTask('one');
  const told = await first.next();
  expect(told?.data?.events.event).toEqual({ kind: 'TASK_CREATED', task: { title: 'one' } });
  first.leave();
  await ada.createTask('two');
  const second = await listen(ada, { after: told?.data?.events.cursor });
  let missed = await second.next();
  while (missed?.data?.events.event === null) missed = await second.next();
  expect(missed?.data?.events.event?.task?.title).toBe('two');
});

test('[FR-011] streams require a credential', async () => {
  const { ada } = await people('Ada');
  const refused = await listen({ ...ada, token: 'nonsense' });
  expect((await refused.next())?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  expect(await refused.next()).toBeUndefined();
});

test('[FR-011] the end of a session ends its streams', async () => {
  const { ada } = await people('Ada');
  const events = await listen(ada);
  await events.next();
  await ada.query('mutation { signOut { signedOut } }');
  let last: Told | undefined;
  for (let told = await events.next(); told; told = await events.next()) last = told;
  expect(last?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});

test('[SC-010] a client that disconnects before its stream starts leaves nothing behind', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  await using holder = await openSession(world.databaseUrl);
  // In this time, no rights can be read.
  await holder.query('BEGIN; LOCK TABLE memberships');
  const leaving = new AbortController();
  const left = fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${ada.token}`,
    },
    body: JSON.stringify({ query: EVENTS }),
    signal: leaving.signal,
  });
  const waiters = () => world.db.$queryRaw<object[]>`
    SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  await expect.poll(waiters).toHaveLength(1);
  leaving.abort();
  await expect(left).rejects.toThrow('aborted');
  await holder.query('ROLLBACK');

  const other = await listen(bob);
  await other.next();
  other.leave();
  const subscriptions = async () =>
    /^taskwire_subscriptions (.*)$/m.exec(await (await fetch(`${world.url}/metrics`)).text())?.[1];
  await expect.poll(subscriptions, { timeout: 5_000 }).toBe('0');
});
