import { describe, expect, test } from 'vitest';
import { isInstalled, tryProxy, type ProxyName } from '../../ops/drills/proxies.ts';
import { freshDatabase } from '../kit/database.ts';

const NAMES: ProxyName[] = ['nginx', 'nginx with default settings'];

describe.each(NAMES)('people behind %s', (name) => {
  test('sign in, get live events, and cannot reach paths for operators (SSE-PROXY, PROXY-HOST, BASIC-AUTH)', async (context) => {
    context.skip(!(await isInstalled(name)), 'nginx is not installed');
    const { checks } = await tryProxy(name, { DATABASE_URL: await freshDatabase() });
    expect(Object.keys(checks).length).toBeGreaterThan(6);
    expect(Object.values(checks).filter((failure) => failure !== null)).toEqual([]);
  });
});
