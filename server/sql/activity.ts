import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { AUDITED, PERSONAL, type Viewer } from '../policy.ts';
import { eventCondition } from './event-condition.ts';

/** A person whose activity is looked at, with the conversations whose events count. */
export interface Reader {
  viewer: Viewer;
  conversationIds: readonly string[];
}

export interface WantedEvents {
  where: Prisma.EventWhereInput;
  oldestFirst: boolean;
  limit: number;
}

/**
 * The sequences of the first events that a person may read of and that are wanted, in order. Each topic gives its own
 * first few from an index in the order of the log, so that neither the length of the log nor that of the topics counts.
 * The index knows kind and moment: of what is rare PostgreSQL looks through a topic's entries, but not at its events.
 */
export async function findEvents(db: Database, reader: Reader, wanted: WantedEvents): Promise<bigint[]> {
  const rows = await db.$queryRaw<{ sequence: bigint }[]>`
    /* findEvents */ /* planned anew */
    SELECT DISTINCT sequence FROM (${topics(reader, wanted)}) AS found
    ORDER BY sequence ${direction(wanted)} LIMIT ${wanted.limit}`;
  return rows.map(({ sequence }) => sequence);
}

/** How many events that a person may read of are wanted, as far as `most`. */
export async function countEvents(
  db: Database,
  reader: Reader,
  where: Prisma.EventWhereInput,
  most: number,
): Promise<number> {
  const [row] = await db.$queryRaw<[{ count: number }]>`
    /* countEvents */ /* planned anew */
    SELECT least(count(DISTINCT sequence), ${most})::int AS count
    FROM (${topics(reader, { where, oldestFirst: false, limit: most })}) AS found`;
  return row.count;
}

/**
 * What `visible.event` of the policy says, topic by topic; a test holds the two together. Where a topic is "of no team",
 * the order names the team too, for that is how PostgreSQL sees that the index (person, team, sequence) gives it.
 */
function topics({ viewer, conversationIds }: Reader, wanted: WantedEvents): Prisma.Sql {
  const { userId, teams, sharedTasks, isAdmin } = viewer;
  const first = (topic: Prisma.Sql, order = Prisma.sql`sequence ${direction(wanted)}`) => Prisma.sql`
    (SELECT sequence FROM events WHERE ${topic} AND ${eventCondition(wanted.where)}
     ORDER BY ${order} LIMIT ${wanted.limit})`;
  const firstOfEach = (values: Prisma.Sql, topic: Prisma.Sql) => Prisma.sql`
    (SELECT sequence FROM unnest(${values}) AS topic(value) CROSS JOIN LATERAL ${first(topic)} AS each)`;
  const ofNoTeam = Prisma.sql`team_id ${direction(wanted)}, sequence ${direction(wanted)}`;

  const parts = [
    firstOfEach(Prisma.sql`${[...teams.keys()]}::uuid[]`, Prisma.sql`team_id = topic.value`),
    first(Prisma.sql`actor_id = ${userId}::uuid AND team_id IS NULL`, ofNoTeam),
    first(Prisma.sql`person_id = ${userId}::uuid AND team_id IS NULL`, ofNoTeam),
    first(Prisma.sql`person_id = ${userId}::uuid AND kind = ANY(${[...PERSONAL]})`),
    firstOfEach(
      Prisma.sql`${[...sharedTasks.keys()]}::uuid[]`,
      Prisma.sql`subject_id = topic.value AND kind <> 'access.refused'`,
    ),
    firstOfEach(Prisma.sql`${[...conversationIds]}::uuid[]`, Prisma.sql`conversation_id = topic.value`),
  ];
  if (isAdmin) {
    const audited = Prisma.sql`kind = topic.value AND kind = ANY(${[...AUDITED]})`;
    parts.push(firstOfEach(Prisma.sql`${[...AUDITED]}::text[]`, audited));
  }
  return Prisma.join(parts, ' UNION ALL ');
}

function direction({ oldestFirst }: WantedEvents): Prisma.Sql {
  return oldestFirst ? Prisma.sql`ASC` : Prisma.sql`DESC`;
}
