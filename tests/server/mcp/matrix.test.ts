import { expect, test } from 'vitest';
import { toolCall } from '../../kit/agent.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { startWorld } from '../../kit/world.ts';
import { allAttempts, READERS, type Attempt } from '../../schema/matrix/attempts.ts';
import { gather, type Name } from '../../schema/matrix/cast.ts';
import { Stage } from '../../schema/matrix/stage.ts';
import { callOf, expectedOf, marks, shownIn, type Call } from '../../schema/matrix/tool-calls.ts';

const world = await startWorld();

const AT_ONCE = 8;

interface Result {
  isError?: boolean;
  structuredContent: { error?: { code: string } };
}

async function ended(attempt: Attempt, call: Call, token: string): Promise<string> {
  const response = await fetch(
    `${world.url}/mcp`,
    toolCall(call.tool, call.input, { authorization: `Bearer ${token}` }),
  );
  const text = await response.text();
  const { result } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as { result: Result };
  const { error } = result.structuredContent;
  if (error) return marks[error.code] ?? error.code;
  return shownIn(text, attempt);
}

test('[FR-009] [FR-011] [SC-005] the tables of rights hold for agents, for every tool', async () => {
  const cast = await gather(world, READERS);
  const stage = new Stage();
  const attempts = allAttempts(stage, cast);
  await stage.write(world.db);
  await world.db.$executeRaw`ANALYZE`;
  const tokens = new Map<Name, string>();
  for (const [name, person] of Object.entries(cast.people) as [Name, (typeof cast.people)[Name]][])
    tokens.set(name, (await apiTokenOf(person, { scopes: ['READ', 'WRITE'] })).token);

  const got: string[] = [];
  const expected: string[] = [];
  const tried = new Set<string>();
  const waiting = attempts.flatMap((attempt) => {
    const { scene, token } = attempt;
    const call = callOf(attempt);
    if (!call || scene.actor === null) return [];
    const credential = token === null ? tokens.get(scene.actor) : cast.tokens[token].get(scene.actor);
    return credential === undefined ? [] : [{ attempt, call, credential }];
  });
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { attempt, call, credential } = next;
        const { table, row, column, token } = attempt;
        const cell = `${table} | ${row} | ${column}${token === null ? '' : ` by a ${token} token`}`;
        // At most 20 can wait for one person.
        await world.db.approval.deleteMany();
        got.push(`${cell}: ${await ended(attempt, call, credential)}`);
        expected.push(`${cell}: ${expectedOf(attempt, call)}`);
        tried.add(call.tool);
      }
    }),
  );
  expect(got.sort()).toEqual(expected.sort());
  expect(got.length).toBeGreaterThan(300);
  expect([...tried].sort()).toEqual([
    'comment',
    'create_tasks',
    'delete_tasks',
    'get',
    'list_tasks',
    'restore_tasks',
    'search',
    'send_message',
    'share_task',
    'update_tasks',
  ]);
}, 180_000);
