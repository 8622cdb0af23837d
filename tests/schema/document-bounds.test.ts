import { describe, expect, test } from 'vitest';
import { startWorld } from '../kit/world.ts';

const world = await startWorld();
const { ada, bob } = await world.people('Ada', 'Bob');
const task = await bob.createTask('Water the plants');

const times = (count: number, text: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');

/** Fragments that each spread the next one twice. */
const chain = (type: string, levels: number, end: string) =>
  `${times(levels, (n) => `fragment F${n} on ${type} { ...F${n + 1} ...F${n + 1} }`)} fragment F${levels} on ${type} { ${end} }`;

describe('fragments that spread fragments', () => {
  const documents: [string, string, string][] = [
    ['dashboard', '{ dashboard { ...F0 } }', chain('Dashboard', 40, 'overdue')],
    ['tasks', '{ tasks { nodes { ...F0 } } }', chain('Task', 40, 'id')],
    ['conversations', '{ conversations { edges { node { ...F0 } } } }', chain('Conversation', 40, 'id')],
    [
      'createTask',
      'mutation { createTask(input: { title: "x" }) { ...F0 } }',
      chain('CreateTaskPayload', 40, 'cursor'),
    ],
  ];

  test.each(documents)(
    'are executed for %s at once, however often they double (C1)',
    async (_field, operation, fragments) => {
      const began = performance.now();
      await ada.query(`${operation} ${fragments}`);
      expect(performance.now() - began).toBeLessThan(2_000);
    },
  );

  test('add their selections at each path that leads to them (C1)', async () => {
    const answer = await bob.query(
      `{
        tasks { nodes { ...Named shares { nodes { id } } } edges { node { ...Named id } } }
        dashboard { ...Days createdPerDay(days: 5) { count } }
      }
      fragment Named on Task { title owner { ...Person } comments { nodes { author { ...Person } } } }
      fragment Person on User { name }
      fragment Days on Dashboard { ...More completedPerDay(days: 2) { count } }
      fragment More on Dashboard { completed: createdPerDay(days: 7) { count } }`,
    );
    expect(answer).toMatchObject({
      tasks: {
        nodes: [{ title: 'Water the plants', owner: { name: 'Bob' }, shares: { nodes: [] } }],
        edges: [{ node: { id: task, title: 'Water the plants', owner: { name: 'Bob' } } }],
      },
      dashboard: {
        completedPerDay: [{ count: 0 }, { count: 0 }],
        createdPerDay: Array.from({ length: 5 }, () => ({})),
        completed: [...Array.from({ length: 6 }, () => ({ count: 0 })), { count: 1 }],
      },
    });
  });
});

describe('documents', () => {
  const tooMuch: [string, string, string][] = [
    [
      '100 fragments',
      `{ viewer { ...F0 } } ${times(100, (n) => `fragment F${n} on User { id ...F${n + 1} }`)} fragment F100 on User { id }`,
      'A document can have at most 100 fragments.',
    ],
    [
      '2,000 tokens',
      `{ ${times(250, () => 'viewer { id name email createdAt }')} }`.repeat(2),
      'A document can have at most 2000 tokens.',
    ],
    [
      'the same field 50 times',
      `{ viewer { ${'id '.repeat(51)} } }`,
      'A selection set can have the same field at most 50 times: id.',
    ],
    [
      'the same field 50 times in inline fragments',
      `{ viewer { ${'... on User { id } '.repeat(51)} } }`,
      'A selection set can have the same field at most 50 times: id.',
    ],
  ];

  test.each(tooMuch)(
    'with more than %s are rejected before validation, with the limit (C1, M6)',
    async (_what, query, sentence) => {
      await expect(world.query(query)).rejects.toMatchObject({
        code: 'GRAPHQL_PARSE_FAILED',
        message: sentence,
      });
    },
  );

  test('with exactly the limit are executed (C1)', async () => {
    const query = `{ viewer { ...F0 ${'id '.repeat(50)} } } ${times(99, (n) => `fragment F${n} on User { id ...F${n + 1} }`)} fragment F99 on User { id }`;
    expect(await ada.query(query)).toEqual({ viewer: { id: ada.id } });
  });
});
