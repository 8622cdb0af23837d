import { dayAfter, type Day } from '../filter-text/days.ts';
import type { StatusesOfDay } from '../sql/dashboard-history.ts';

export interface Forecast {
  openTasks: number;
  /** How many weeks the throughput is taken from. */
  weeks: number;
  /** Days by which the open tasks are done in 50 and 85 of 100 trials; null if that takes more than five years. */
  p50: Day | null;
  p85: Day | null;
}

const DAYS_OF_WEEK = 7;
const MOST_SAMPLES = 12;
const LEAST_SAMPLES = 3;
const TRIALS = 2_000;
const MOST_WEEKS = 260;

/** Days of history that a forecast takes its weeks from. The last day is left out, since it may not be over. */
export const FORECAST_DAYS = MOST_SAMPLES * DAYS_OF_WEEK + 1;

/**
 * When the open tasks of a scope are done, if it goes on as in its last 12 weeks and no tasks are added: a Monte Carlo
 * simulation. Each trial draws past weeks at random, with repetition, until as many tasks are completed as are open. Weeks
 * before the first task are left out. The same history always gives the same forecast.
 * @param history days up to the last one.
 * @returns null without open tasks, without three weeks of history, or if no task was completed in them.
 */
export function forecastOf(history: readonly StatusesOfDay[]): Forecast | null {
  const last = history.at(-1);
  const openTasks = last ? last.todo + last.inProgress : 0;
  const samples = weeksOf(history);
  if (
    !last ||
    openTasks === 0 ||
    samples.length < LEAST_SAMPLES ||
    samples.every((finished) => finished === 0)
  )
    return null;
  const random = randomFrom(hashOf(`${last.day} ${openTasks} ${samples.join()}`));
  const took = Array.from({ length: TRIALS }, () => {
    let left = openTasks;
    let weeks = 0;
    while (left > 0 && weeks <= MOST_WEEKS) {
      left -= samples[Math.floor(random() * samples.length)] ?? 0;
      weeks += 1;
    }
    return weeks;
  }).sort((one, other) => one - other);
  const dayOf = (q: number) => {
    const weeks = took[Math.ceil(q * TRIALS) - 1] ?? Number.POSITIVE_INFINITY;
    return weeks > MOST_WEEKS ? null : dayAfter(last.day, weeks * DAYS_OF_WEEK);
  };
  return { openTasks, weeks: samples.length, p50: dayOf(0.5), p85: dayOf(0.85) };
}

/** How often tasks became DONE in each of the last weeks, which end on the day before the last one. */
function weeksOf(history: readonly StatusesOfDay[]): number[] {
  const samples: number[] = [];
  for (let n = 1; n <= MOST_SAMPLES; n += 1) {
    const end = history.length - 1 - (n - 1) * DAYS_OF_WEEK;
    const week = history.slice(Math.max(0, end - DAYS_OF_WEEK), end);
    const isEmpty = week.every(
      (day) => day.todo + day.inProgress + day.done + day.cancelled + day.finished === 0,
    );
    if (week.length < DAYS_OF_WEEK || isEmpty) break;
    samples.push(week.reduce((sum, { finished }) => sum + finished, 0));
  }
  return samples;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n += 1) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return hash >>> 0;
}

/** Numbers from 0 to 1: mulberry32, so that a seed always gives the same ones. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
