// The rate of tasks that one connection creates in large batches, compared with bare rows of the same tasks.
import type { Client } from 'pg';
import { connect, disconnect, run } from '../../server/database/client.ts';
import { LARGEST_BATCH } from '../../server/domain/task.ts';
import { insertSql } from '../../server/sql/write-tasks.ts';
import type { Running } from './contender.ts';
import { people } from './fill.ts';
import type { Operation } from './operations.ts';
import { median, table } from './results.ts';
import { counted, newTask } from './writes.ts';

/** Tasks per second. */
interface Round {
  bare: number;
  answered: number;
  /** Until the log is folded into the counters. */
  folded: number;
}

const BATCHES = 20;
const QUERY =
  'mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor tasks { id title status } } }';

export async function measureBulk(
  taskwire: Running,
  url: string,
  observer: Client,
  rounds: number,
): Promise<Round[]> {
  const db = connect(url, { poolSize: 1 });
  const bare = async () => run(db, await insertSql(batchOf(() => newTask(people.writer))));
  const create = async () => {
    const answer = await taskwire.ask(CREATION);
    if (answer.includes('"errors"')) throw new Error(`createTasks fails: ${answer.slice(0, 1_000)}`);
  };
  try {
    await rateOf(bare);
    await rateOf(create);
    const found: Round[] = [];
    for (let round = 0; round < rounds; round += 1)
      found.push({
        bare: await rateOf(bare),
        answered: await rateOf(create),
        folded: await rateOf(create, () => counted(observer)),
      });
    return found;
  } finally {
    await disconnect(db);
  }
}

async function rateOf(create: () => Promise<unknown>, end = () => Promise.resolve()): Promise<number> {
  const began = performance.now();
  for (let n = 0; n < BATCHES; n += 1) await create();
  await end();
  return (BATCHES * LARGEST_BATCH * 1_000) / (performance.now() - began);
}

function batchOf<Item>(item: () => Item): Item[] {
  return Array.from({ length: LARGEST_BATCH }, item);
}

const body = () => ({
  query: QUERY,
  variables: { input: { tasks: batchOf(() => ({ title: 'Order seeds', priority: 'HIGH' })) } },
});

const CREATION: Operation = {
  title: 'createTasks',
  owner: 'writer',
  goal: null,
  bodies: { raw: body, 'PostGraphile 5': body, 'Apollo + Prisma': body, Taskwire: body },
};

export function bulkReport(rounds: readonly Round[]): string {
  const rate = (pick: (round: Round) => number) => Math.round(median(rounds.map(pick))).toLocaleString('en');
  return `## Batches of ${LARGEST_BATCH} new tasks over one connection

Tasks per second through the API with their events, once answered and once folded into the counters, and bare rows of
the same table by one statement per batch.

${table(['bare rows', 'answered', 'folded'], [[rate(({ bare }) => bare), rate(({ answered }) => answered), rate(({ folded }) => folded)]])}`;
}
