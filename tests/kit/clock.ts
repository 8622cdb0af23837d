import type { Database } from '../../server/database/client.ts';

/**
 * Gives one database its own clock for new connections: `now()` returns the time last set with `setClock`, also for
 * events. It replaces PostgreSQL's function, since sessions of the server set their search path themselves.
 */
export async function installClock(db: Database): Promise<void> {
  await db.$executeRaw`CREATE TABLE clock AS SELECT pg_catalog.now() AS at`;
  await db.$executeRaw`ALTER FUNCTION pg_catalog.now() RENAME TO real_now`;
  await db.$executeRaw`
    CREATE FUNCTION pg_catalog.now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT at FROM public.clock'`;
  await db.$executeRaw`ALTER TABLE events ALTER COLUMN at SET DEFAULT pg_catalog.now()`;
}

export async function setClock(db: Database, moment: Date): Promise<void> {
  await db.$executeRaw`UPDATE clock SET at = ${moment}`;
}
