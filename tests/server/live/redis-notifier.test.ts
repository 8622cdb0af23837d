import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { watchEvents, type EventTold } from '../../kit/live.ts';
import { routeTo } from '../../kit/outage.ts';
import { redisNamespace } from '../../../server/redis-namespace.ts';
import { SECRET } from '../../kit/server.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld } from '../../kit/world.ts';

const redisUrl = process.env['TEST_REDIS_URL'];
const isOf = (title: string) => (told: EventTold) => told.events.event?.task?.title === title;

test.skipIf(!redisUrl)(
  '[FR-022] other processes are notified by Redis, and by PostgreSQL while Redis is unavailable',
  async () => {
    const route = await routeTo(redisUrl ?? '');
    const world = await startWorld({ REDIS_URL: route.url });
    const ear = new Redis(redisUrl ?? '');
    afterAll(() => {
      ear.disconnect();
    });
    let received = 0;
    ear.on('message', () => (received += 1));
    await ear.subscribe(redisNamespace(SECRET).nameOf('events'));

    const { ada } = await world.people('Ada');
    const events = await watchEvents(world, ada);
    await ada.createTask('first');
    await expect.poll(() => received, { timeout: 5_000 }).toBeGreaterThan(0);

    const notified: unknown[] = [];
    const listener = await openSession(world.databaseUrl);
    afterAll(() => listener.end());
    listener.on('notification', (message) => notified.push(message));
    await listener.query('LISTEN taskwire_events');
    await ada.createTask('with Redis');
    await events.until(isOf('with Redis'));
    expect(notified).toEqual([]);

    const growsWithWork = async (count: () => number) => {
      const before = count();
      const counted = async () => {
        await ada.createTask('again');
        return count();
      };
      await expect.poll(counted, { timeout: 10_000 }).toBeGreaterThan(before);
    };
    for (const [title, leave] of [
      ['without Redis', () => route.cut()],
      ['with a silent Redis', () => route.stall()],
    ] as const) {
      await leave();
      await ada.createTask(title);
      await events.until(isOf(title));
      await growsWithWork(() => notified.length);
      await route.restore();
      await growsWithWork(() => received);
    }
  },
);
