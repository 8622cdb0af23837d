import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { paced } from '../search/paced.ts';
import { taskVector } from '../search/vector.ts';
import type { Column } from './columns.ts';
import { taskColumns } from './tables.ts';

const columns = Object.entries<Column>(taskColumns);

/** In JSON, a `Date` is a timestamp, also for the type `date`. */
const record = Prisma.raw(
  `AS new(${columns.map(([field, { way, type }]) => `"${field}" ${way === 'day' ? 'text' : type}`).join(', ')}, words tsvector)`,
);

function valueOf([field, { way, type }]: [string, Column]): string {
  return way === 'day' ? `left(new."${field}", 10)::${type}` : `new."${field}"`;
}

/** What no verb changes. */
const FIXED = ['id', 'ownerId', 'createdAt'] as const satisfies (keyof Task)[];
export type FixedField = (typeof FIXED)[number];
const changeable = columns.filter(([field]) => !FIXED.some((fixed) => fixed === field));

const assignments = Prisma.raw(
  changeable.map((column) => `${column[1].name} = ${valueOf(column)}`).join(', '),
);

const insertedColumns = Prisma.raw([...columns.map(([, { name }]) => name), 'words'].join(', '));
const insertedValues = Prisma.raw([...columns.map(valueOf), 'words'].join(', '));

/** The search words are made here, since the table's trigger takes ten times longer. */
export async function insertSql(tasks: readonly Task[]): Promise<Prisma.Sql> {
  const rows = await Promise.all(
    tasks.map((task) => paced(() => JSON.stringify({ ...task, words: taskVector(task) }))),
  );
  return Prisma.sql`
    INSERT INTO tasks (${insertedColumns}) SELECT ${insertedValues}
    FROM json_to_recordset(${`[${rows.join()}]`}::json) ${record}`;
}

export async function writeTasks(
  tx: Transaction,
  changed: readonly { before: Task; after: Task }[],
): Promise<void> {
  const rows = await Promise.all(
    changed.map(({ before, after }) =>
      paced(() => {
        const isSameText = before.title === after.title && before.description === after.description;
        return JSON.stringify(isSameText ? after : { ...after, words: taskVector(after) });
      }),
    ),
  );
  await tx.$executeRaw`
    /* writeTasks */
    UPDATE tasks SET ${assignments}, words = coalesce(new.words, tasks.words)
    FROM json_to_recordset(${`[${rows.join()}]`}::json) ${record}
    WHERE tasks.id = new.id`;
}

export async function writePositions(
  tx: Transaction,
  places: readonly Pick<Task, 'id' | 'position'>[],
): Promise<void> {
  await tx.$executeRaw`
    /* writePositions */
    UPDATE tasks SET position = new.position
    FROM jsonb_to_recordset(${JSON.stringify(places)}::jsonb) AS new(id uuid, position text)
    WHERE tasks.id = new.id`;
}
