import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { AUDITED, PERSONAL } from '../log/catalogue.ts';
import type { Viewer } from '../policy.ts';
import { conditionOf } from './columns.ts';
import { UNEXPIRED } from './shares.ts';
import { eventColumns } from './tables.ts';
import { teamsOf } from './visible.ts';

const MOST_SHARED_TASKS = 1_000;

export interface Reader {
  viewer: Viewer;
  conversationIds: readonly string[];
}

export interface WantedEvents {
  where: Prisma.EventWhereInput;
  subjects?: readonly string[];
  /** Only, or without, the audit trail of all accounts. Default: with it, for administrators. */
  audit?: boolean | null | undefined;
  oldestFirst: boolean;
  limit: number;
}

/**
 * The sequences of the first matching events that a person may read, in order. Each topic contributes its first few
 * from an index in log order, so the cost does not depend on the length of the log.
 */
export async function findEvents(db: Database, reader: Reader, wanted: WantedEvents): Promise<bigint[]> {
  const rows = await db.$queryRaw<{ sequence: bigint }[]>`
    /* findEvents */ /* custom plan */
    SELECT DISTINCT sequence FROM (${topics(reader, wanted)}) AS found
    ORDER BY sequence ${direction(wanted)} LIMIT ${wanted.limit}`;
  return rows.map(({ sequence }) => sequence);
}

export async function countEvents(
  db: Database,
  reader: Reader,
  wanted: Pick<WantedEvents, 'where' | 'subjects' | 'audit'>,
  most: number,
): Promise<number> {
  const [row] = await db.$queryRaw<[{ count: number }]>`
    /* countEvents */ /* custom plan */
    SELECT least(count(DISTINCT sequence), ${most})::int AS count
    FROM (${topics(reader, { ...wanted, oldestFirst: false, limit: most })}) AS found`;
  return row.count;
}

/**
 * The events of the policy's `seesEvent`, by topic; a test compares them. For topics "of no team", the order by team
 * lets PostgreSQL use the index (person, team, sequence).
 */
function topics({ viewer, conversationIds }: Reader, wanted: WantedEvents): Prisma.Sql {
  const { ownId, isAdmin } = viewer;
  const { subjects = [], audit } = wanted;
  const received = Prisma.sql`shared_with_id = ${ownId}::uuid AND ${UNEXPIRED}`;
  const condition = conditionOf(eventColumns, wanted.where);
  if (!condition) throw new TypeError('Events cannot be filtered by this condition');
  const first = (topic: Prisma.Sql, order = Prisma.sql`sequence ${direction(wanted)}`) => Prisma.sql`
    (SELECT sequence FROM events WHERE ${topic} AND ${condition}
     ORDER BY ${order} LIMIT ${wanted.limit})`;
  const firstOfEach = (values: Prisma.Sql, topic: Prisma.Sql) => Prisma.sql`
    (SELECT sequence FROM ${values} AS topic(value) CROSS JOIN LATERAL ${first(topic)} AS each)`;
  const each = (values: Prisma.Sql) => Prisma.sql`unnest(${values})`;
  const ofNoTeam = Prisma.sql`team_id ${direction(wanted)}, sequence ${direction(wanted)}`;

  const audited = Prisma.sql`kind = topic.value AND kind = ANY(${[...AUDITED]})`;
  const trail = firstOfEach(each(Prisma.sql`${[...AUDITED]}::text[]`), audited);
  if (audit) return trail;
  const parts = [
    firstOfEach(each(teamsOf(viewer)), Prisma.sql`team_id = topic.value`),
    first(Prisma.sql`actor_id = ${ownId}::uuid AND team_id IS NULL`, ofNoTeam),
    first(Prisma.sql`person_id = ${ownId}::uuid AND team_id IS NULL`, ofNoTeam),
    first(Prisma.sql`person_id = ${ownId}::uuid AND kind = ANY(${[...PERSONAL]})`),
    firstOfEach(
      Prisma.sql`
        (SELECT task_id FROM task_shares WHERE ${received} AND task_id = ANY(${[...subjects]}::uuid[])
         UNION (SELECT task_id FROM task_shares WHERE ${received} ORDER BY task_id DESC LIMIT ${MOST_SHARED_TASKS}))`,
      Prisma.sql`subject_id = topic.value AND kind <> 'access.refused'`,
    ),
    firstOfEach(each(Prisma.sql`${[...conversationIds]}::uuid[]`), Prisma.sql`conversation_id = topic.value`),
  ];
  if (isAdmin && audit !== false) parts.push(trail);
  return Prisma.join(parts, ' UNION ALL ');
}

function direction({ oldestFirst }: WantedEvents): Prisma.Sql {
  return oldestFirst ? Prisma.sql`ASC` : Prisma.sql`DESC`;
}
