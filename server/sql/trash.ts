import { Prisma, type TeamRole } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { ownIdOf, teamsLedBy, type Actor, type Person, type Viewer } from '../policy.ts';
import { conditionOf, id, moment, type Columns } from './columns.ts';
import { isWithin, seenBy } from './locks.ts';

export const TRASH_DAYS = 30;

interface Hanging {
  table: string;
  author: string;
  receiver: string;
  bytes: string;
  /** In SQL: whether a row comes back; the other ones are left out. */
  comesBack?: string;
}

/** Rows that are deleted with their task, by a foreign key. A test compares the list with the foreign keys. */
const HANGING: readonly Hanging[] = [
  { table: 'comments', author: 'author_id', receiver: 'NULL::uuid', bytes: 'octet_length(body)' },
  { table: 'task_shares', author: 'shared_by_id', receiver: 'shared_with_id', bytes: '0' },
  {
    table: 'share_offers',
    author: 'offered_by_id',
    receiver: 'user_id',
    bytes: 'octet_length(title) + coalesce(octet_length(email), 0)',
    comesBack: `(content->>'expires_at')::timestamptz > now()`,
  },
  {
    table: 'run_changes',
    author: 'user_id',
    receiver: 'NULL::uuid',
    bytes: 'octet_length(before::text) + octet_length(after::text)',
    comesBack: `EXISTS (SELECT FROM agent_runs WHERE id = (content->>'run_id')::uuid)`,
  },
];

export const hangingTables: readonly string[] = HANGING.map(({ table }) => table);

const BYTES_OF_TASK = 'octet_length(title) + octet_length(description) + octet_length(labels::text)';

/** Copies tasks, and what hangs below them, to the trash. The caller has locked them, and deletes them afterwards. */
export async function copyToTrash(tx: Transaction, { userId }: Actor, ids: readonly string[]): Promise<void> {
  // The database makes the search words again.
  await tx.$executeRaw`
    /* copyToTrash */
    INSERT INTO trashed_tasks (id, title, owner_id, assignee_id, team_id, parent_id, deleted_by_id, deleted_at, expires_at, bytes, content)
    SELECT id, title, owner_id, assignee_id, team_id, parent_id, ${userId}::uuid, now(), now() + ${TRASH_DAYS} * interval '1 day',
           ${Prisma.raw(BYTES_OF_TASK)}, to_jsonb(tasks) - 'words'
    FROM tasks WHERE id = ANY(${ids}::uuid[])`;
  const hanging = HANGING.map(
    ({ table, author, receiver, bytes }) => Prisma.sql`
      SELECT task_id, ${table}, ${Prisma.raw(`${author}, ${receiver}, ${bytes}, to_jsonb(${table}) - 'words'`)}
      FROM ${Prisma.raw(table)} WHERE task_id = ANY(${ids}::uuid[])`,
  );
  await tx.$executeRaw`
    /* copyToTrash */
    INSERT INTO trashed_rows (task_id, kind, author_id, receiver_id, bytes, content)
    ${Prisma.join(hanging, ' UNION ALL ')} UNION ALL
    SELECT parent_id, 'subtasks', NULL, NULL, 0, jsonb_build_object('id', id)
    FROM tasks WHERE parent_id = ANY(${ids}::uuid[]) AND id <> ALL(${ids}::uuid[])`;
}

/** `visible.trashedTask` of the policy in SQL, so that no rights have to be read before. */
function restorableBy(person: Person): Prisma.Sql {
  const { userId } = person;
  return Prisma.sql`(
    expires_at > now() AND (
      owner_id = ${ownIdOf(person)}::uuid AND team_id IS NULL
      OR EXISTS (SELECT FROM memberships AS held
                 WHERE held.team_id = trashed_tasks.team_id AND held.user_id = ${userId}::uuid AND ${isWithin(person, 'held.team_id')}
                   AND (owner_id = held.user_id OR role IN ('OWNER', 'ADMIN') OR assignee_id = held.user_id AND role = 'MEMBER'))))`;
}

/**
 * Locks the trashed tasks that a person may restore or purge. Read rights afterwards, since they can change during the
 * wait. Their teams are locked before, in the order in which they are deleted.
 */
export async function lockTrash(tx: Transaction, person: Person, ids: readonly string[]): Promise<void> {
  await tx.$queryRaw`
    /* lockTrash */
    SELECT id FROM teams WHERE id IN (SELECT team_id FROM trashed_tasks WHERE id = ANY(${ids}::uuid[]) AND ${restorableBy(person)})
    ORDER BY id FOR KEY SHARE`;
  await tx.$queryRaw`
    /* lockTrash */
    SELECT id FROM trashed_tasks WHERE id = ANY(${ids}::uuid[]) AND ${restorableBy(person)} ORDER BY id FOR UPDATE`;
}

/** Locks the tasks to which restored ones are linked again: parents and subtasks that the person sees. */
export async function lockLinked(tx: Transaction, person: Person, ids: readonly string[]): Promise<void> {
  await tx.$queryRaw`
    /* lockLinked */
    SELECT id FROM tasks WHERE ${seenBy(person)} AND id IN (
      SELECT parent_id FROM trashed_tasks WHERE id = ANY(${ids}::uuid[])
      UNION ALL ${subtasksOf(Prisma.sql`task_id = ANY(${ids}::uuid[])`)})
    ORDER BY id FOR NO KEY UPDATE`;
}

/** The ids of the subtasks at the time of the deletion. */
function subtasksOf(which: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`SELECT (content->>'id')::uuid FROM trashed_rows WHERE ${which} AND kind = 'subtasks'`;
}

/**
 * Puts tasks back with their comments, shares and unexpired offers, under their parents if the person sees these. An
 * assignee who can no longer be one is cleared. The rows in the trash remain.
 */
export async function putBack(
  tx: Transaction,
  person: Person,
  ids: readonly string[],
  kinds: ReadonlySet<string>,
): Promise<void> {
  const chosen = Prisma.sql`trashed_tasks WHERE id = ANY(${ids}::uuid[])`;
  const canBeAssigned = Prisma.sql`
    CASE WHEN team_id IS NOT NULL
         THEN EXISTS (SELECT FROM memberships AS held WHERE held.team_id = trashed_tasks.team_id AND user_id = assignee_id)
         ELSE assignee_id = owner_id OR EXISTS (
           SELECT FROM trashed_rows WHERE task_id = trashed_tasks.id AND kind = 'task_shares' AND receiver_id = assignee_id) END`;
  const changes = Prisma.sql`
    jsonb_build_object('owner_id', owner_id, 'team_id', team_id, 'parent_id', NULL,
                       'assignee_id', CASE WHEN ${canBeAssigned} THEN assignee_id END)`;
  await insertAgain(
    tx,
    'tasks',
    Prisma.sql`
      SELECT CASE WHEN content @> (changes - 'parent_id') THEN content || changes
                  ELSE content || changes || jsonb_build_object('version', (content->>'version')::int + 1, 'updated_at', now()) END
      FROM (SELECT content, ${changes} AS changes FROM ${chosen} OFFSET 0) AS given`,
  );
  await tx.$executeRaw`
    /* putBack */
    UPDATE tasks SET parent_id = trashed_tasks.parent_id FROM trashed_tasks
    WHERE tasks.id = ANY(${ids}::uuid[]) AND trashed_tasks.id = tasks.id
      AND trashed_tasks.parent_id IN (SELECT id FROM tasks WHERE ${seenBy(person)})`;
  for (const { table, comesBack = 'true' } of HANGING.filter((each) => kinds.has(each.table))) {
    const rows = Prisma.sql`task_id = ANY(${ids}::uuid[]) AND kind = ${table} AND ${Prisma.raw(comesBack)}`;
    await insertAgain(tx, table, Prisma.sql`SELECT content FROM trashed_rows WHERE ${rows} ORDER BY id`);
  }
}

/** Columns that were added since the deletion get their default. Columns that were removed are left out. */
async function insertAgain(tx: Transaction, table: string, contents: Prisma.Sql): Promise<void> {
  const [now] = await tx.$queryRaw<{ columns: string; defaults: string }[]>`
    /* insertAgain */
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns,
           string_agg(format('%L, %s', attname, pg_get_expr(adbin, adrelid)), ', ') FILTER (WHERE adbin IS NOT NULL) AS defaults
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = ${table}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`;
  if (!now) throw new Error(`there is no table ${table}`);
  const columns = Prisma.raw(now.columns);
  await tx.$executeRaw`
    /* insertAgain */
    INSERT INTO ${Prisma.raw(table)} (${columns}) SELECT ${columns}
    FROM (${contents}) AS stored (trashed)
    CROSS JOIN LATERAL jsonb_populate_record(NULL::${Prisma.raw(table)}, jsonb_build_object(${Prisma.raw(now.defaults)}) || trashed)`;
}

/** For `changeAlong`: subtasks without a parent that fit below a restored task, unless one would be above it. */
export function orphansOf(person: Person, parentId: string, deepest: number): Prisma.Sql {
  return Prisma.sql`id IN (
    WITH RECURSIVE above AS (
      SELECT id, parent_id, 1 AS depth FROM tasks WHERE id = ${parentId}::uuid
      UNION ALL
      SELECT tasks.id, tasks.parent_id, depth + 1 FROM tasks JOIN above ON tasks.id = above.parent_id WHERE depth <= ${deepest}
    ), orphans AS (
      SELECT id FROM tasks
      WHERE id IN (${subtasksOf(Prisma.sql`task_id = ${parentId}::uuid`)}) AND parent_id IS NULL AND ${seenBy(person)}
        AND id NOT IN (SELECT id FROM above)
    ), below AS (
      SELECT id, 1 AS depth FROM orphans
      UNION
      SELECT tasks.id, depth + 1 FROM tasks JOIN below ON tasks.parent_id = below.id WHERE depth <= ${deepest}
    )
    SELECT id FROM orphans WHERE (SELECT max(depth) FROM above) + (SELECT max(depth) FROM below) <= ${deepest})`;
}

/** Which kinds of rows were deleted with some tasks. */
export async function kindsBelow(
  tx: Transaction,
  ids: readonly string[],
): Promise<{ taskId: string; kind: string }[]> {
  return tx.$queryRaw`
    /* kindsBelow */
    SELECT DISTINCT task_id AS "taskId", kind FROM trashed_rows WHERE task_id = ANY(${ids}::uuid[])`;
}

/** Makes restored tasks known to their parents and subtasks in the trash, which are then linked when they are restored. */
export async function rememberLinks(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    /* rememberLinks */
    INSERT INTO trashed_rows (task_id, kind, content)
    SELECT parent.id, 'subtasks', jsonb_build_object('id', restored.id)
    FROM trashed_tasks AS restored JOIN trashed_tasks AS parent ON parent.id = restored.parent_id
    WHERE restored.id = ANY(${ids}::uuid[]) AND parent.id <> ALL(${ids}::uuid[])`;
  await tx.$executeRaw`
    /* rememberLinks */
    UPDATE trashed_tasks SET parent_id = task_id FROM trashed_rows
    WHERE task_id = ANY(${ids}::uuid[]) AND kind = 'subtasks' AND trashed_tasks.id = (trashed_rows.content->>'id')::uuid AND parent_id IS NULL`;
}

/** What the person would have lost in the team's tasks: assignments, shares and offers. */
export async function withdrawFromTrash(
  tx: Transaction,
  { userId, teamId }: { userId: string; teamId: string },
): Promise<void> {
  await tx.$executeRaw`
    /* withdrawFromTrash */
    UPDATE trashed_tasks SET assignee_id = NULL WHERE team_id = ${teamId}::uuid AND assignee_id = ${userId}::uuid`;
  await tx.$executeRaw`
    /* withdrawFromTrash */
    DELETE FROM trashed_rows USING trashed_tasks
    WHERE trashed_tasks.id = task_id AND team_id = ${teamId}::uuid AND receiver_id = ${userId}::uuid`;
}

const columns: Columns<'id' | 'deletedAt'> = { id: id('id'), deletedAt: moment('deleted_at') };

interface WantedTrash {
  /** Null for all. */
  teamId: string | null;
  where: Record<string, unknown>;
  oldestFirst: boolean;
  limit: number;
}

/** The ids of a page of the viewer's trash, in order. */
export async function trashPage(db: Database, viewer: Viewer, wanted: WantedTrash): Promise<string[]> {
  const rows = await run<{ id: string }>(
    db,
    Prisma.sql`
      /* trashPage */ /* custom plan */
      SELECT id FROM (${partsOf(viewer, wanted)}) AS found ORDER BY ${orderOf(wanted)} LIMIT ${wanted.limit}`,
  );
  return rows.map((row) => row.id);
}

export async function countTrash(
  db: Database,
  viewer: Viewer,
  teamId: string | null,
  most: number,
): Promise<number> {
  const wanted = { teamId, where: {}, oldestFirst: false, limit: most };
  const [row] = await run<{ count: number }>(
    db,
    Prisma.sql`
      /* countTrash */ /* custom plan */
      SELECT least(count(*), ${most})::int AS count FROM (${partsOf(viewer, wanted)}) AS found`,
  );
  return row?.count ?? 0;
}

/**
 * `visible.trashedTask` of the policy; a test compares them. Each part contributes its first few from an index, so the
 * cost does not depend on the number of trashed tasks.
 */
function partsOf(viewer: Viewer, wanted: WantedTrash): Prisma.Sql {
  const { teamId, where, limit } = wanted;
  const condition = conditionOf(columns, where);
  if (!condition) throw new TypeError('The trash cannot be filtered by this condition');
  const me = Prisma.sql`${viewer.actorId}::uuid`;
  const first = (which: Prisma.Sql) => Prisma.sql`
    (SELECT id, deleted_at FROM trashed_tasks WHERE ${which} AND expires_at > now() AND ${condition}
     ORDER BY ${orderOf(wanted)} LIMIT ${limit})`;
  const firstOfEach = (teams: [string, TeamRole][], which: Prisma.Sql) => Prisma.sql`
    (SELECT each.* FROM unnest(${teams.map(([team]) => team)}::uuid[]) AS team (wanted) CROSS JOIN LATERAL ${first(which)} AS each)`;
  const teams = [...viewer.teams].filter(([team]) => teamId === null || team === teamId);
  const led = new Set(teamsLedBy(viewer));
  const others = teams.filter(([team]) => !led.has(team));
  const parts = [
    firstOfEach(
      teams.filter(([team]) => led.has(team)),
      Prisma.sql`team_id = wanted`,
    ),
    firstOfEach(others, Prisma.sql`owner_id = ${me} AND team_id = wanted`),
    firstOfEach(
      others.filter(([, role]) => role === 'MEMBER'),
      Prisma.sql`assignee_id = ${me} AND team_id = wanted AND owner_id <> ${me}`,
    ),
    ...(teamId === null ? [first(Prisma.sql`owner_id = ${viewer.ownId}::uuid AND team_id IS NULL`)] : []),
  ];
  return Prisma.join(parts, ' UNION ALL ');
}

function orderOf({ oldestFirst }: WantedTrash): Prisma.Sql {
  return Prisma.raw(oldestFirst ? 'deleted_at, id' : 'deleted_at DESC, id DESC');
}
