import { afterAll } from 'vitest';
import { routeTo as routeToAny, type Route } from '../../ops/drills/route.ts';

/** A way to a database that can be cut; gone when the test file is done. */
export async function routeTo(databaseUrl: string): Promise<Route> {
  const route = await routeToAny(databaseUrl, 5432);
  afterAll(() => route.cut());
  return route;
}
