import { expect, test } from 'vitest';
import { labelOf } from '../../../server/observability/statement-label.ts';
import { Histogram } from '../../../server/observability/histogram.ts';
import { dice } from '../../kit/dice.ts';

test('[T060] quantiles are accurate to five percent, from microseconds to minutes', () => {
  const { roll } = dice(7);
  const timings = new Histogram();
  const all = Array.from({ length: 20_000 }, () => 10 ** (roll(7_000) / 1000 - 2));
  for (const milliseconds of all) timings.add(milliseconds);
  all.sort((a, b) => a - b);
  for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
    const exact = all[Math.ceil(all.length * share) - 1] ?? 0;
    expect(Math.abs(timings.quantile(share) / exact - 1), `quantile ${share}`).toBeLessThan(0.05);
  }
  expect(timings).toMatchObject({ count: all.length, longest: all.at(-1) });
  expect(timings.total).toBeCloseTo(
    all.reduce((sum, one) => sum + one, 0),
    3,
  );
  for (const { milliseconds, count } of timings.cumulative()) {
    expect(count, `up to ${milliseconds} ms`).toBe(all.filter((one) => one < milliseconds).length);
  }
});

test('[T060] without measurements there are no quantiles, and times out of range are counted, too', () => {
  const timings = new Histogram();
  expect([timings.quantile(0.5), timings.count]).toEqual([0, 0]);
  for (const extreme of [0, 0.0001, 10 ** 9]) timings.add(extreme);
  expect([...timings.cumulative()].at(-1)?.count).toBe(3);
});

test('[T060] a statement is named by its label, or by its verb and table, and never by a value', () => {
  expect({
    labelled: labelOf('/* countDashboard */ SELECT 1 FROM tasks'),
    behindAnother: labelOf('/* custom plan */ /* listTasks */ SELECT 1'),
    read: labelOf('SELECT "public"."tasks"."id" FROM "public"."tasks" WHERE title = $1'),
    insert: labelOf('INSERT INTO "public"."events" ("kind") VALUES ($1)'),
    update: labelOf('UPDATE "public"."tasks" SET "title" = $1'),
    begin: labelOf('BEGIN'),
    nothing: labelOf(''),
  }).toEqual({
    labelled: 'countDashboard',
    behindAnother: 'listTasks',
    read: 'SELECT tasks',
    insert: 'INSERT events',
    update: 'UPDATE tasks',
    begin: 'BEGIN',
    nothing: 'nothing',
  });
});
