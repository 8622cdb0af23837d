// The rate of new tasks with their events in PostgreSQL, compared with bare rows of the same tasks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import { connect, disconnect, run, type Database } from '../../server/database/client.ts';
import { endOfList } from '../../server/domain/task-position.ts';
import { taskCreated } from '../../server/log/task-event.ts';
import { newId } from '../../server/ids.ts';
import { insertTask } from '../../server/sql/insert-task.ts';
import { cpuOfDatabase } from './cpu.ts';

interface Stretch {
  perSecond: number;
  /** PostgreSQL's CPU time per write, including the later folding. */
  databaseMs: number;
}

/** Adjacent periods, so that other load on the machine affects both equally. */
export interface Pair {
  bare: Stretch;
  withEvent: Stretch;
}

export interface Writes {
  /** Describes the owners of the tasks. */
  owners: string;
  writers: number;
  pairs: Pair[];
}

type Write = (db: Database, task: Task) => Promise<unknown>;

const STRETCH_MS = 1_000;
const FINGERPRINT = 'f'.repeat(43);

const variants: Record<keyof Pair, Write> = {
  // The same columns and values as Taskwire.
  bare: (db, task) =>
    run(
      db,
      Prisma.sql`
        INSERT INTO tasks (id, title, description, status, priority, due_on, labels, position, owner_id, started_at,
                           completed_at, created_at, updated_at)
        VALUES (${task.id}::uuid, ${task.title}, ${task.description}, ${task.status}::task_status,
                ${task.priority}::task_priority, ${task.dueOn}::date, ${task.labels}::text[], ${task.position},
                ${task.ownerId}::uuid, ${task.startedAt}::timestamptz, ${task.completedAt}::timestamptz,
                ${task.createdAt}::timestamptz, ${task.createdAt}::timestamptz)`,
    ),
  withEvent: (db, task) =>
    insertTask(db, { task, event: taskCreated({ userId: task.ownerId }, task, FINGERPRINT) }),
};

/** Measures pairs of periods in alternating order, while a server folds the log. */
export async function pairsOf(
  url: string,
  observer: Client,
  owners: readonly string[],
  writers: number,
  pairs: number,
): Promise<Pair[]> {
  const db = connect(url, { poolSize: writers });
  const stretch = (variant: keyof Pair) => writeFor(db, variants[variant], owners, writers, observer);
  try {
    // Warm-up: opens connections and prepares statements.
    await stretch('bare');
    await stretch('withEvent');
    const found: Pair[] = [];
    for (let n = 0; n < pairs; n += 1) {
      const first = n % 2 === 0 ? await stretch('bare') : undefined;
      const withEvent = await stretch('withEvent');
      found.push({ bare: first ?? (await stretch('bare')), withEvent });
    }
    return found;
  } finally {
    await disconnect(db);
  }
}

async function writeFor(
  db: Database,
  write: Write,
  owners: readonly string[],
  writers: number,
  observer: Client,
): Promise<Stretch> {
  const cpuSince = await cpuOfDatabase(observer);
  const began = performance.now();
  const until = began + STRETCH_MS;
  let written = 0;
  const keepWriting = async () => {
    while (performance.now() < until) {
      written += 1;
      await write(db, newTask(owners[written % owners.length] ?? ''));
    }
  };
  await Promise.all(Array.from({ length: writers }, keepWriting));
  const took = (performance.now() - began) / 1000;
  await counted(observer);
  return {
    perSecond: written / took,
    databaseMs: (await cpuSince()) / written,
  };
}

export function newTask(ownerId: string): Task {
  const now = new Date();
  return {
    id: newId(),
    title: 'Water the plants',
    description: '',
    status: 'TODO',
    priority: 'HIGH',
    dueOn: null,
    labels: [],
    position: endOfList(now),
    ownerId,
    assigneeId: null,
    teamId: null,
    parentId: null,
    startedAt: null,
    completedAt: null,
    archivedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

/** Waits until the log is folded, so that the cost does not count for the next period. */
export async function counted(observer: Client): Promise<void> {
  for (;;) {
    const { rows } = await observer.query<{ waits: boolean }>(
      `SELECT EXISTS (SELECT FROM events, log_consumers
                      WHERE name = 'task_counters'
                        AND events.transaction_id >= log_consumers.transaction_id) AS waits`,
    );
    if (!rows[0]?.waits) return;
    await sleep(50);
  }
}
