// npm install graphql-ws graphql; node live.mjs, with a token in TASKWIRE_TOKEN. Stop it with Ctrl-C.
import { createClient } from 'graphql-ws';

const client = createClient({
  url: `${(process.env.TASKWIRE_URL ?? 'http://127.0.0.1:4000').replace('http', 'ws')}/graphql`,
  connectionParams: { authorization: `Bearer ${process.env.TASKWIRE_TOKEN}` },
  // Retries are done below: the client itself would subscribe with the first cursor again.
  retryAttempts: 0,
});

const query = `subscription ($after: String) {
  events(after: $after) { cursor event { kind actor { name } task { title } } }
}`;

// The last cursor, or the one that you stored in an earlier run.
let after = process.env.TASKWIRE_CURSOR;
for (let tries = 0; ; tries += 1) {
  try {
    for await (const { data, errors } of client.iterate({ query, variables: { after } })) {
      if (errors) throw errors;
      tries = 0;
      const { cursor, event } = data.events;
      after = cursor;
      if (event) console.log(`${event.actor?.name ?? 'Someone'}: ${event.kind} ${event.task?.title ?? ''}`);
      else console.log('Up to date.');
    }
  } catch (problem) {
    // The server closes with these codes if the token is invalid or was revoked.
    if ([4401, 4403].includes(problem.code)) throw new Error('The token is not valid.', { cause: problem });
    const code = problem[0]?.extensions?.code;
    // The cursor is too old: read your data again, and subscribe from there.
    if (code === 'CURSOR_EXPIRED') after = undefined;
    else if (code && !['FELL_BEHIND', 'UNAVAILABLE'].includes(code)) throw problem;
  }
  const wait = Math.min(1_000 * 2 ** tries, 32_000);
  await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
}
