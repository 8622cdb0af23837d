import type { Chance } from './chance.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The length of the demo's history. */
export const PAST_DAYS = 30;

const AT_NIGHT = 0.15;
const AT_WEEKENDS = 0.3;
/** The last hours are busier, so that today's numbers are not zero. */
const LATELY = { hours: 9, factor: 2.5 };

/** `count` times of the last 30 days, in order: few at night and at weekends, the last ones near `now`. */
export function* moments(chance: Chance, now: Date, count: number): Generator<Date> {
  const start = now.getTime() - PAST_DAYS * DAY + HOUR;
  const hours = Array.from({ length: PAST_DAYS * 24 - 1 }, (_, hour) =>
    busyness(new Date(start + hour * HOUR), now),
  );
  const whole = hours.reduce((sum, weight) => sum + weight, 0);
  let hour = 0;
  let passed = 0;
  for (let index = 0; index < count; index += 1) {
    const aim = ((index + chance.next()) / count) * whole;
    for (;;) {
      const weight = hours[hour] ?? 0;
      if (aim < passed + weight || hour === hours.length - 1) {
        const part = Math.min((aim - passed) / weight, 1);
        yield new Date(Math.min(Math.floor(start + (hour + part) * HOUR), now.getTime() - MINUTE));
        break;
      }
      passed += weight;
      hour += 1;
    }
  }
}

function busyness(time: Date, now: Date): number {
  const weekend = time.getUTCDay() === 0 || time.getUTCDay() === 6;
  const night = time.getUTCHours() < 6 || time.getUTCHours() >= 21;
  const late = now.getTime() - time.getTime() < LATELY.hours * HOUR;
  return (weekend ? AT_WEEKENDS : 1) * (night ? AT_NIGHT : 1) * (late ? LATELY.factor : 1);
}

/** Days start at a quarter hour in every time zone, so one result is valid for all of it. */
const QUARTER = 15 * MINUTE;
const known = new Map<string, { format: Intl.DateTimeFormat; days: Map<number, Date> }>();

/** The day of a time in a time zone, as midnight UTC. */
export function dayIn(timezone: string, time: Date): Date {
  let zone = known.get(timezone);
  if (!zone) {
    // This locale has the format of ISO 8601.
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone });
    zone = { format, days: new Map() };
    known.set(timezone, zone);
  }
  const quarter = Math.floor(time.getTime() / QUARTER);
  let day = zone.days.get(quarter);
  if (!day) {
    day = new Date(`${zone.format.format(time)}T00:00:00Z`);
    zone.days.set(quarter, day);
  }
  return day;
}

export function daysAfter(day: Date, days: number): Date {
  return new Date(day.getTime() + days * DAY);
}
