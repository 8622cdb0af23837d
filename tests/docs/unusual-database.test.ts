import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readExamples } from '../../ops/api-examples.ts';
import type { Database } from '../../server/database/client.ts';
import { giveShare } from '../kit/shares.ts';
import { startWorld, type World } from '../kit/world.ts';
import { gardenersIn, plantGarden } from './garden.ts';

/** Settings of a database or a provider that change how PostgreSQL reads or writes values. */
const UNUSUAL = {
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  search_path: 'nowhere',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  array_nulls: 'off',
  // These would end statements that take longer than a provider's server allows.
  statement_timeout: '40ms',
  lock_timeout: '1ms',
};

async function makeUnusual(db: Database, timezone: string): Promise<void> {
  for (const [name, value] of Object.entries({ timezone, ...UNUSUAL })) {
    const setting = `${name} = ${name === 'search_path' ? value : `'${value}'`}`;
    await db.$executeRawUnsafe(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET %s', current_database(), ${quoted(setting)}); END $$`,
    );
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

const usual = await startWorld();
const expected = await answersOf(usual);

describe.each(['Asia/Kolkata', 'America/St_Johns'])(
  'a database in %s with unusual settings',
  async (timezone) => {
    const world = await startWorld({}, (db) => makeUnusual(db, timezone));

    test('gives the same answers as any other', { timeout: 60_000 }, async () => {
      expect(await answersOf(world)).toEqual(expected);
    });

    test('returns times unchanged, by each way of reading, and filters by them (DB-TZ)', async () => {
      const { ada } = await world.people('Ada');
      const before = Date.now();
      const id = await ada.createTask('Tea', { dueOn: '2030-03-04' });
      await ada.query(
        'mutation ($id: ID!) { addComment(input: { taskId: $id, body: "Green" }) { cursor } }',
        { id },
      );
      const after = Date.now();
      const { task, tasks, recent, later } = await ada.query<
        Record<'task', Moments> & Record<'tasks' | 'recent' | 'later', { nodes: Moments[] }>
      >(
        `query ($id: ID!, $before: DateTime!, $after: DateTime!) {
         task(id: $id) { ...M } tasks { nodes { ...M } }
         recent: tasks(filter: { createdAt: { after: $before, before: $after } }) { nodes { ...M } }
         later: tasks(filter: { createdAt: { after: $after } }) { nodes { ...M } }
       }
       fragment M on Task { createdAt updatedAt dueOn comments(first: 1) { nodes { createdAt } } }`,
        { id, before: new Date(before - 2).toISOString(), after: new Date(after + 2).toISOString() },
      );
      expect(tasks.nodes).toEqual([task]);
      expect(recent.nodes).toEqual([task]);
      expect(later.nodes).toEqual([]);
      expect(task.dueOn).toBe('2030-03-04');
      for (const moment of [task.createdAt, task.updatedAt, task.comments.nodes[0]?.createdAt ?? '']) {
        expect(Date.parse(moment)).toBeGreaterThanOrEqual(before - 1);
        expect(Date.parse(moment)).toBeLessThanOrEqual(after + 1);
      }
    });

    test('lets a share be read until it expires, and no longer (DB-TZ)', async () => {
      const { ada, bob } = await world.people('Ada', 'Bob');
      const id = await ada.createTask('Tea');
      const expiresAt = new Date(Date.now() + 5_000);
      await giveShare(ada, bob, id, { expiresAt });
      const read = () => bob.query<{ task: object }>('query ($id: ID!) { task(id: $id) { title } }', { id });
      expect(await read()).toEqual({ task: { title: 'Tea' } });
      await sleep(expiresAt.getTime() - Date.now() + 100);
      await expect(read()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  },
);

interface Moments {
  createdAt: string;
  updatedAt: string;
  dueOn: string;
  comments: { nodes: { createdAt: string }[] };
}

/** The answers to the reference's queries, with the same names in each world. */
async function answersOf(world: World): Promise<unknown[]> {
  const readers = await gardenersIn(world);
  const garden = await plantGarden(readers, world);
  const answers = [];
  for (const { kind, name, text, variables } of readExamples()) {
    // Answers about the server itself differ each time.
    if (kind !== 'query' || name === 'Performance' || name === 'RateLimit') continue;
    answers.push({
      name,
      answer: garden.asPrinted(await readers.grace.query(text, garden.really(variables))),
    });
  }
  return answers;
}
