import type { Database } from '../database/client.ts';

/** Names of the IANA database, old ones such as `EST5EDT` included; not PostgreSQL's own folders of them. */
const IANA_NAME = /^(?!posix|right|localtime|Factory)[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

/** What some browsers report where the device has no zone but a difference from UTC. */
const OFFSET = /^([+-])(\d{2}):(\d{2})$/;

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
  const name = named(given);
  const canonical = canonicalName(name);
  if (canonical === null) return null;
  const rows = await db.$queryRaw<{ name: string }[]>`
    /* knownTimezone */ SELECT name FROM pg_timezone_names WHERE name = ${name} LIMIT 1`;
  if (rows.length > 0) return name;
  const all = await db.$queryRaw<{ name: string }[]>`
    /* allTimezones */ SELECT name FROM pg_timezone_names ORDER BY name`;
  return all.find((row) => canonicalName(row.name) === canonical)?.name ?? null;
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
