import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';

/**
 * Runs statements that give one row each as one statement, so that all see the same moment.
 * @param label the name of the statement, with its hints.
 * @returns the rows, as JSON.
 */
export async function readTogether(
  db: Database,
  label: string,
  statements: ReadonlyMap<string, Prisma.Sql>,
): Promise<ReadonlyMap<string, unknown>> {
  if (statements.size === 0) return new Map();
  const columns = Array.from(
    statements.values(),
    (sql, n) => Prisma.sql`(SELECT row_to_json(each) FROM (${sql}) AS each) AS ${Prisma.raw(`r${n}`)}`,
  );
  const [row] = await run<Record<string, unknown>>(
    db,
    Prisma.sql`${Prisma.raw(label)} SELECT ${Prisma.join(columns)}`,
  );
  return new Map(Array.from(statements.keys(), (key, n) => [key, row?.[`r${n}`]]));
}
