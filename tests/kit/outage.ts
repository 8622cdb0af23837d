import { afterAll } from 'vitest';
import { routeTo as routeToAny, type Route } from '../../ops/drills/route.ts';

/** A connection to a database that can be interrupted, closed after the test file. */
export async function routeTo(databaseUrl: string): Promise<Route> {
  const route = await routeToAny(databaseUrl, 5432);
  afterAll(() => route.cut());
  return route;
}
