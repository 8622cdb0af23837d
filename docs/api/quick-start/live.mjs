// npm install graphql-ws graphql; node live.mjs, with a token in TASKWIRE_TOKEN. Ctrl-C ends it.
import { createClient } from 'graphql-ws';

const client = createClient({
  url: `${(process.env.TASKWIRE_URL ?? 'http://127.0.0.1:4000').replace('http', 'ws')}/graphql`,
  connectionParams: { authorization: `Bearer ${process.env.TASKWIRE_TOKEN}` },
  // Trying again is done below: the client itself would subscribe with the cursor that it began with.
  retryAttempts: 0,
});

const query = `subscription ($after: String) {
  events(after: $after) { cursor event { kind actor { name } task { title } } }
}`;

// Where it goes on: after the last thing that it was told, or after what you have kept of an earlier run.
let after = process.env.TASKWIRE_CURSOR;
for (let tries = 0; ; tries += 1) {
  try {
    for await (const { data, errors } of client.iterate({ query, variables: { after } })) {
      if (errors) throw errors;
      tries = 0;
      const { cursor, event } = data.events;
      after = cursor;
      if (event) console.log(`${event.actor?.name ?? 'Somebody'}: ${event.kind} ${event.task?.title ?? ''}`);
      else console.log('What was missed has been told.');
    }
  } catch (problem) {
    // The server closes with these when the token does not count, or counts no longer.
    if ([4401, 4403].includes(problem.code)) throw new Error('The token does not count.', { cause: problem });
    const code = problem[0]?.extensions?.code;
    // Too old to go on from: read what you show anew, and follow from there.
    if (code === 'CURSOR_EXPIRED') after = undefined;
    else if (code && !['FELL_BEHIND', 'UNAVAILABLE'].includes(code)) throw problem;
  }
  const wait = Math.min(1_000 * 2 ** tries, 32_000);
  await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
}
