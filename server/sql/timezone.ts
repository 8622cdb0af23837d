import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { openSession } from '../database/session.ts';

/** Without PostgreSQL's directories. */
const IANA_NAME = /^(?!posix|right|localtime|Factory)[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

/** Some browsers report an offset if the device has no time zone. */
const OFFSET = /^([+-])(\d{2}):(\d{2})$/;

/** PostgreSQL's time zones. It treats these four names as abbreviations without daylight saving time. */
const KNOWN = `SELECT name FROM pg_timezone_names WHERE name NOT IN ('CET', 'EET', 'MET', 'WET')`;

const ZONES_OF_OFFSETS: Readonly<Record<string, string>> = {
  '-09:30': 'Pacific/Marquesas',
  '+03:30': 'Asia/Tehran',
  '+04:30': 'Asia/Kabul',
  '+05:30': 'Asia/Kolkata',
  '+05:45': 'Asia/Kathmandu',
  '+06:30': 'Asia/Yangon',
  '+08:45': 'Australia/Eucla',
  '+09:30': 'Australia/Darwin',
};

/** Null if unknown. Distributions omit old names, so `Asia/Calcutta` can be `Asia/Kolkata`. */
export async function knownTimezone(db: Database, given: string): Promise<string | null> {
  const known = await db.$queryRaw<{ name: string }[]>`
    /* knownTimezone */ ${Prisma.raw(KNOWN)} ORDER BY name`;
  return chooserOf(known)(given);
}

/** Other names of the same zone, or UTC. @returns the names replaced by UTC. */
export async function adoptTimezones(url: string): Promise<string[]> {
  await using client = await openSession(url, { application_name: 'taskwire timezones' });
  const { rows: unknown } = await client.query<{ timezone: string }>(
    `/* adoptTimezones */
     SELECT timezone FROM (SELECT DISTINCT timezone FROM users) AS used
     WHERE timezone NOT IN (${KNOWN}) ORDER BY timezone`,
  );
  if (unknown.length === 0) return [];
  const { rows: known } = await client.query<{ name: string }>(`/* adoptTimezones */ ${KNOWN} ORDER BY name`);
  const choose = chooserOf(known);
  const lost: string[] = [];
  for (const { timezone } of unknown) {
    const name = choose(timezone);
    if (name === null) lost.push(timezone);
    await client.query('/* adoptTimezones */ UPDATE users SET timezone = $1 WHERE timezone = $2', [
      name ?? 'UTC',
      timezone,
    ]);
  }
  return lost;
}

function chooserOf(known: readonly { name: string }[]): (given: string) => string | null {
  const names = new Set(known.map(({ name }) => name));
  let byCanonical: Map<string | null, string> | undefined;
  return (given) => {
    const name = named(given);
    const canonical = canonicalName(name);
    if (canonical === null) return null;
    if (names.has(name)) return name;
    byCanonical ??= new Map([...names].reverse().map((each) => [canonicalName(each), each]));
    return byCanonical.get(canonical) ?? null;
  };
}

function named(given: string): string {
  const [, sign, hours = '', minutes] = OFFSET.exec(given) ?? [];
  if (sign === undefined) return given;
  if (minutes !== '00') return ZONES_OF_OFFSETS[given] ?? given;
  const whole = Number(hours);
  // The sign is inverted: Etc/GMT-2 is UTC+2.
  return whole === 0 ? 'UTC' : `Etc/GMT${sign === '+' ? '-' : '+'}${whole}`;
}

/** Null for unknown zones and zones that pages cannot show. */
function canonicalName(name: string): string | null {
  if (!IANA_NAME.test(name)) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
