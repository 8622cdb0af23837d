import type { Database } from '../../server/database/client.ts';

/**
 * Gives one database a clock of its own, for connections opened from now on: `now()` is what `setClock` said
 * last, and so are the moments of events. PostgreSQL finds a function of the schema `public` first where the search
 * path puts it first.
 */
export async function installClock(db: Database): Promise<void> {
  const [row] = await db.$queryRaw<[{ name: string }]>`SELECT current_database() AS name`;
  await db.$executeRaw`CREATE TABLE clock AS SELECT pg_catalog.now() AS at`;
  await db.$executeRaw`
    CREATE FUNCTION public.now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT at FROM public.clock'`;
  await db.$executeRaw`ALTER TABLE events ALTER COLUMN at SET DEFAULT public.now()`;
  await db.$executeRawUnsafe(`ALTER DATABASE ${row.name} SET search_path = public, pg_catalog`);
}

export async function setClock(db: Database, moment: Date): Promise<void> {
  await db.$executeRaw`UPDATE clock SET at = ${moment}`;
}
