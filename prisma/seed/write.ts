import type { Client } from 'pg';
import { taskVector, textVector } from '../../server/search/vector.ts';
import type { Column } from '../../server/sql/columns.ts';
import { taskColumns as columnsOfTasks } from '../../server/sql/tables.ts';
import type { DemoConversation } from './conversations.ts';
import type { DemoTeam } from './teams.ts';
import type { DemoEvent, DemoPerson } from './demo.ts';
import type { DemoTask } from './workspace.ts';

/** Log readers wait for the transaction. */
const MOST_ROWS = 500;

export interface Written {
  tasks: number;
  shares: number;
  comments: number;
}

/** Creates the accounts, their teams and their conversations, in one transaction. */
export async function writePeople(
  client: Client,
  people: DemoPerson[],
  teams: DemoTeam[],
  conversations: DemoConversation[],
  passwordHash: string,
): Promise<void> {
  const users = people.map(({ id, name, email, timezone, createdAt }) => {
    return { id, name, email, timezone, created_at: createdAt, password: passwordHash };
  });
  await client.query('BEGIN');
  try {
    await client.query(
      `/* writeDemoPeople */
       WITH given AS (
         SELECT * FROM json_to_recordset($1)
           AS (id uuid, name text, email text, timezone text, created_at timestamptz, password text)
       ), people AS (
         INSERT INTO users (id, name, email, timezone, created_at, updated_at)
         SELECT id, name, email, timezone, created_at, created_at FROM given
       )
       INSERT INTO accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
       SELECT id, id::text, 'credential', id, password, created_at, created_at FROM given`,
      [JSON.stringify(users)],
    );
    // A trigger appended their events with the current time.
    await client.query(
      `/* dateDemoPeople */
       UPDATE events SET at = users.created_at FROM users
       WHERE users.id = subject_id AND kind = 'user.signedUp' AND subject_id = ANY($1)`,
      [people.map(({ id }) => id)],
    );
    await client.query(insertTeams, [
      ...valuesOf(
        teamColumns,
        teams.map(({ team }) => team),
      ),
      ...valuesOf(
        memberColumns,
        teams.flatMap(({ members }) => members),
      ),
      ...valuesOf(
        eventColumns,
        teams.flatMap(({ events }) => events),
      ),
    ]);
    await client.query(insertConversations, [
      ...valuesOf(
        conversationColumns,
        conversations.map(({ conversation }) => conversation),
      ),
      ...valuesOf(
        participantColumns,
        conversations.flatMap(({ participants }) => participants),
      ),
      ...valuesOf(
        messageColumns,
        conversations.flatMap(({ messages }) => messages),
      ),
      ...valuesOf(
        eventColumns,
        conversations.flatMap(({ events }) => events).sort((a, b) => a.at.getTime() - b.at.getTime()),
      ),
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Writes tasks with their events, shares and comments; a transaction has whole tasks.
 * @param onProgress called after each transaction; returning false stops there.
 */
export async function writeTasks(
  client: Client,
  tasks: Iterable<DemoTask>,
  onProgress: (written: Written) => boolean,
): Promise<Written> {
  const written = { tasks: 0, shares: 0, comments: 0 };
  // Only the last commit waits for the disk.
  await client.query('SET synchronous_commit = off');
  let writing: Promise<unknown> = Promise.resolve();
  for (const batch of batches(tasks)) {
    const values = parametersOf(batch);
    // The next batch is generated while the database writes this one.
    await writing;
    if (!onProgress({ ...written })) return finish(client, written);
    writing = client.query({ name: 'writeDemoTasks', text: insert, values });
    writing.catch(() => undefined);
    written.tasks += batch.length;
    written.shares += batch.reduce((sum, { shares }) => sum + shares.length, 0);
    written.comments += batch.reduce((sum, { comments }) => sum + comments.length, 0);
  }
  await writing;
  onProgress({ ...written });
  return finish(client, written);
}

/** A column's type, and its value in a row. */
type Columns<Row> = Record<string, [type: string, value: (row: Row) => string | number | null]>;

const teamColumns: Columns<DemoTeam['team']> = {
  id: ['uuid', ({ id }) => id],
  name: ['text', ({ name }) => name],
  slug: ['text', ({ slug }) => slug],
  description: ['text', ({ description }) => description],
  created_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
  updated_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
};

const memberColumns: Columns<DemoTeam['members'][number]> = {
  id: ['uuid', ({ id }) => id],
  team_id: ['uuid', ({ teamId }) => teamId],
  user_id: ['uuid', ({ userId }) => userId],
  role: ['team_role', ({ role }) => role],
  created_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
  updated_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
};

const conversationColumns: Columns<DemoConversation['conversation']> = {
  id: ['uuid', ({ id }) => id],
  title: ['text', ({ title }) => title],
  owner_id: ['uuid', ({ ownerId }) => ownerId],
  created_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
  updated_at: ['timestamptz', ({ updatedAt }) => updatedAt.toISOString()],
};

const participantColumns: Columns<DemoConversation['participants'][number]> = {
  conversation_id: ['uuid', ({ conversationId }) => conversationId],
  user_id: ['uuid', ({ userId }) => userId],
  read_to: ['timestamptz', ({ readTo }) => readTo.toISOString()],
};

const messageColumns: Columns<DemoConversation['messages'][number]> = {
  id: ['uuid', ({ id }) => id],
  conversation_id: ['uuid', ({ conversationId }) => conversationId],
  author_id: ['uuid', ({ authorId }) => authorId],
  role: ['message_role', () => 'USER'],
  content: ['text', ({ content }) => content],
  words: ['tsvector', ({ content }) => textVector(content)],
  created_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
};

const taskColumns: Columns<DemoTask['task']> = {
  ...Object.fromEntries(
    Object.entries<Column>(columnsOfTasks).map(([field, { name, type }]) => [
      name,
      [type, (task: DemoTask['task']) => parameterOf(task[field as keyof DemoTask['task']])] as const,
    ]),
  ),
  words: ['tsvector', taskVector],
};

function parameterOf(value: DemoTask['task'][keyof DemoTask['task']]): string | number | null {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map((each) => JSON.stringify(each)).join(',')}}`;
  return value;
}

const shareColumns: Columns<DemoTask['shares'][number]['share']> = {
  id: ['uuid', ({ id }) => id],
  task_id: ['uuid', ({ taskId }) => taskId],
  shared_with_id: ['uuid', ({ sharedWithId }) => sharedWithId],
  shared_by_id: ['uuid', ({ sharedById }) => sharedById],
  permission: ['share_permission', ({ permission }) => permission],
  expires_at: ['timestamptz', ({ expiresAt }) => expiresAt?.toISOString() ?? null],
  created_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
  updated_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
};

const commentColumns: Columns<DemoTask['comments'][number]['comment']> = {
  id: ['uuid', ({ id }) => id],
  task_id: ['uuid', ({ taskId }) => taskId],
  author_id: ['uuid', ({ authorId }) => authorId],
  body: ['text', ({ body }) => body],
  words: ['tsvector', ({ body }) => textVector(body)],
  created_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
  updated_at: ['timestamptz', ({ createdAt }) => createdAt.toISOString()],
};

const eventColumns: Columns<DemoEvent> = {
  at: ['timestamptz', ({ at }) => at.toISOString()],
  actor_id: ['uuid', ({ actorId }) => actorId],
  kind: ['text', ({ kind }) => kind],
  subject_id: ['uuid', ({ subjectId }) => subjectId],
  team_id: ['uuid', ({ teamId }) => teamId ?? null],
  person_id: ['uuid', ({ personId }) => personId ?? null],
  data: ['jsonb', ({ data }) => JSON.stringify(data)],
};

/** One statement, and so one transaction. */
const insert = `/* writeDemoTasks */
WITH new_tasks AS (${insertion('tasks', taskColumns, 0)}),
  new_shares AS (${insertion('task_shares', shareColumns, widthOf(taskColumns))}),
  new_comments AS (${insertion('comments', commentColumns, widthOf(taskColumns, shareColumns))})
${insertion('events', eventColumns, widthOf(taskColumns, shareColumns, commentColumns))}`;

const insertTeams = `/* writeDemoTeams */
WITH new_teams AS (${insertion('teams', teamColumns, 0)}),
  new_members AS (${insertion('memberships', memberColumns, widthOf(teamColumns))})
${insertion('events', eventColumns, widthOf(teamColumns, memberColumns))}`;

const insertConversations = `/* writeDemoConversations */
WITH new_conversations AS (${insertion('conversations', conversationColumns, 0)}),
  new_participants AS (${insertion('conversation_participants', participantColumns, widthOf(conversationColumns))}),
  new_messages AS (${insertion('messages', messageColumns, widthOf(conversationColumns, participantColumns))})
${insertion('events', eventColumns, widthOf(conversationColumns, participantColumns, messageColumns))}`;

function widthOf(...tables: Columns<never>[]): number {
  return tables.reduce((sum, columns) => sum + Object.keys(columns).length, 0);
}

/** One array per column takes half the time of JSON, without a limit for the number of rows. */
function insertion(table: string, columns: Columns<never>, parametersBefore: number): string {
  const names = Object.keys(columns).join(', ');
  const types = Object.values(columns).map(([type]) => type);
  // unnest would flatten nested arrays, so they are passed as text.
  const arrays = types.map((type, i) => `$${parametersBefore + i + 1}::${isArray(type) ? 'text' : type}[]`);
  const values = Object.entries(columns).map(([name, [type]]) => (isArray(type) ? `${name}::${type}` : name));
  return `INSERT INTO ${table} (${names})
    SELECT ${values.join(', ')} FROM unnest(${arrays.join(', ')}) AS given (${names})`;
}

function isArray(type: string): boolean {
  return type.endsWith('[]');
}

function valuesOf<Row>(columns: Columns<Row>, rows: Row[]): unknown[] {
  return Object.values(columns).map(([, value]) => rows.map(value));
}

/** In the order of the statement's parameters; events are in chronological order. */
function parametersOf(batch: DemoTask[]): unknown[] {
  const events = batch.flatMap(eventsOf);
  events.sort((one, other) => one.at.getTime() - other.at.getTime());
  return [
    ...valuesOf(
      taskColumns,
      batch.map(({ task }) => task),
    ),
    ...valuesOf(
      shareColumns,
      batch.flatMap(({ shares }) => shares.map(({ share }) => share)),
    ),
    ...valuesOf(
      commentColumns,
      batch.flatMap(({ comments }) => comments.map(({ comment }) => comment)),
    ),
    ...valuesOf(eventColumns, events),
  ];
}

function eventsOf({ events, shares, comments }: DemoTask): DemoEvent[] {
  return [...events, ...[...shares, ...comments].map(({ event }) => event)];
}

async function finish(client: Client, written: Written): Promise<Written> {
  await client.query('SET synchronous_commit = on');
  // Updates the planner's statistics at once.
  await client.query('ANALYZE users, teams, memberships, tasks, task_shares, comments, events');
  return written;
}

function* batches(tasks: Iterable<DemoTask>): Generator<DemoTask[]> {
  let batch: DemoTask[] = [];
  let rows = 0;
  for (const task of tasks) {
    const more = 1 + task.events.length + 2 * (task.shares.length + task.comments.length);
    if (rows + more > MOST_ROWS) {
      yield batch;
      batch = [];
      rows = 0;
    }
    batch.push(task);
    rows += more;
  }
  if (batch.length > 0) yield batch;
}
