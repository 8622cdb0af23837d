import { expect, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { talkOf, type Talk } from '../../kit/assistant.ts';
import { calls, says, startModelEndpoint } from '../../kit/model-endpoint.ts';
import { startWorld } from '../../kit/world.ts';
import { allAttempts, READERS } from '../../schema/matrix/attempts.ts';
import { gather, type Name } from '../../schema/matrix/cast.ts';
import { Stage } from '../../schema/matrix/stage.ts';
import { callOf, expectedOf, marks, shownIn, type Call } from '../../schema/matrix/tool-calls.ts';

const endpoint = await startModelEndpoint();
const world = await startWorld({ AI_BASE_URL: endpoint.url, AI_MODEL: 'obedient', AI_TOKENS_PER_DAY: '0' });

const AT_ONCE = 6;

/** What the model is told after the call of each message. */
const told = new Map<string, string>();

/** The model calls what the message says. */
endpoint.answerWith((response, request) => {
  const { messages } = request.body;
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const last = messages.at(-1);
  if (last?.role === 'tool') {
    told.set(asked, last.content ?? '');
    return says('Done.')(response, request);
  }
  const { tool, input } = JSON.parse(asked) as Call;
  return calls(tool, input)(response, request);
});

async function ended(talk: Talk, attempt: Parameters<typeof shownIn>[1], call: Call): Promise<string> {
  const content = JSON.stringify(call);
  const { asked, calls: made } = await talk.say(content);
  // Of one person, at most 60 can come in a minute.
  await world.db.assistantReply.deleteMany({ where: { messageId: uuidOf('Message', asked) } });
  const [shown] = made;
  if (shown?.state === 'WAITING') return 'CONFIRMATION_REQUIRED';
  const code = shown?.state === 'REFUSED' ? shown.summary.replace(/:.*/s, '') : '';
  return code === '' ? shownIn(told.get(content) ?? '', attempt) : (marks[code] ?? code);
}

test('[FR-009] [FR-011] [SC-005] the tables of rights hold for the assistant, with a model that does what it is told', async () => {
  const cast = await gather(world, READERS);
  const stage = new Stage();
  const attempts = allAttempts(stage, cast);
  await stage.write(world.db);
  await world.db.$executeRaw`ANALYZE`;
  const talks = new Map<Name, Talk>();
  const possible = attempts.flatMap((attempt) => {
    const call = callOf(attempt);
    const { actor } = attempt.scene;
    return call && actor !== null && attempt.token === null ? [{ attempt, call, actor }] : [];
  });
  // Each answer of each row once: a reply costs more than a request.
  const answers = Map.groupBy(possible, ({ attempt }) =>
    [attempt.table, attempt.row, attempt.expected].join(),
  );
  const waiting = [...answers.values()].flatMap(([first]) => first ?? []);
  for (const { actor } of waiting) if (!talks.has(actor)) talks.set(actor, await talkOf(cast.people[actor]));

  const got: string[] = [];
  const expected: string[] = [];
  const byActor = [...Map.groupBy(waiting, ({ actor }) => actor).values()];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = byActor.pop(); next; next = byActor.pop())
        for (const { attempt, call, actor } of next) {
          const { table, row, column } = attempt;
          // At most 20 can wait for one person.
          await world.db.approval.deleteMany();
          const cell = `${table} | ${row} | ${column}`;
          got.push(`${cell}: ${await ended(talks.get(actor) as Talk, attempt, call)}`);
          expected.push(`${cell}: ${expectedOf(attempt, call)}`);
        }
    }),
  );
  expect(got.sort()).toEqual(expected.sort());
  expect(got.length).toBeGreaterThan(60);
}, 300_000);
