import type { Database } from '../database/client.ts';

const IANA_NAME = /^(?:UTC|[A-Z][A-Za-z_]+(?:\/[A-Za-z0-9_+-]+){1,2})$/;

/** Whether PostgreSQL, which counts days in it, knows a timezone of the IANA database by this name. */
export async function isTimezone(db: Database, name: string): Promise<boolean> {
  if (!IANA_NAME.test(name)) return false;
  const rows = await db.$queryRaw<unknown[]>`
    /* isTimezone */ SELECT 1 FROM pg_timezone_names WHERE name = ${name} LIMIT 1`;
  return rows.length > 0;
}
