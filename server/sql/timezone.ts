import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { openSession } from '../database/session.ts';

/** Names of the IANA database, old ones such as `EST5EDT` included; not PostgreSQL's own folders of them. */
const IANA_NAME = /^(?!posix|right|localtime|Factory)[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

/** What some browsers report where the device has no zone but a difference from UTC. */
const OFFSET = /^([+-])(\d{2}):(\d{2})$/;

/** In SQL, the zones that PostgreSQL counts days in; it takes these four for abbreviations, which have no summer time. */
const KNOWN = `SELECT name FROM pg_timezone_names WHERE name NOT IN ('CET', 'EET', 'MET', 'WET')`;

/** Zones without summer time for the offsets that are not of whole hours. */
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

/**
 * The timezone that PostgreSQL counts days in for a name that a browser reports; null where there is none. PostgreSQL may
 * know a zone by another of its names only, for distributions leave out old ones: `Asia/Calcutta` is `Asia/Kolkata`.
 */
export async function knownTimezone(db: Database, given: string): Promise<string | null> {
  const known = await db.$queryRaw<{ name: string }[]>`
    /* knownTimezone */ ${Prisma.raw(KNOWN)} ORDER BY name`;
  return chooserOf(known)(given);
}

/**
 * Lets people keep their days where the database has moved to a PostgreSQL that does not know their timezone by its name:
 * they get another of its names, or UTC where it has none there.
 * @returns the names that became UTC.
 */
export async function adoptTimezones(url: string): Promise<string[]> {
  const client = await openSession(url, { application_name: 'taskwire timezones' });
  try {
    const { rows: unknown } = await client.query<{ timezone: string }>(
      `/* adoptTimezones */
       SELECT timezone FROM (SELECT DISTINCT timezone FROM users) AS used
       WHERE timezone NOT IN (${KNOWN}) ORDER BY timezone`,
    );
    if (unknown.length === 0) return [];
    const { rows: known } = await client.query<{ name: string }>(
      `/* adoptTimezones */ ${KNOWN} ORDER BY name`,
    );
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
  } finally {
    await client.end();
  }
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
  // These names count the other way round: Etc/GMT-2 is two hours ahead.
  return whole === 0 ? 'UTC' : `Etc/GMT${sign === '+' ? '-' : '+'}${whole}`;
}

/** One name for all the names of a zone; null for what is no zone, or one that pages could not show. */
function canonicalName(name: string): string | null {
  if (!IANA_NAME.test(name)) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
