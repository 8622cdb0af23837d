import { Prisma, type Conversation, type Task } from '../../prisma/generated/client/client.ts';
import { conditionOf, id, moment, text, within, word, type Columns, type Condition } from './columns.ts';

export interface Table {
  name: string;
  columns: Columns;
  names: Readonly<Record<string, { by: string; of: Table }>>;
  related: Readonly<Record<string, (condition: Condition) => Prisma.Sql | null>>;
}

/** A table with lists that `readPage` can read. `Model` is Prisma's row type. */
export interface PageTable<Model> extends Table {
  label: string;
  /** To-many relations; `about` are the row's fields that their conditions use. */
  lists: Readonly<Record<string, { of: Table; by: string; about: readonly string[] }>>;
  model?: Model;
}

const users: Table = {
  name: 'users',
  columns: {
    id: id('id'),
    name: text('name'),
    email: text('email'),
    timezone: text('timezone'),
    createdAt: moment('created_at'),
    updatedAt: moment('updated_at'),
  },
  names: {},
  related: {},
};

const teams: Table = {
  name: 'teams',
  columns: {
    id: id('id'),
    name: text('name'),
    slug: text('slug'),
    description: text('description'),
    defaultViewId: id('default_view_id'),
    createdAt: moment('created_at'),
    updatedAt: moment('updated_at'),
  },
  names: {},
  related: {},
};

/** Without the search words. Readers and writers of tasks use this list. */
export const taskColumns = {
  id: id('id'),
  title: text('title'),
  description: text('description'),
  status: word('status', 'task_status'),
  priority: word('priority', 'task_priority'),
  dueOn: { name: 'due_on', way: 'day', type: 'date' },
  labels: { name: 'labels', way: 'json', type: 'text[]' },
  position: text('position'),
  ownerId: id('owner_id'),
  assigneeId: id('assignee_id'),
  teamId: id('team_id'),
  parentId: id('parent_id'),
  startedAt: moment('started_at'),
  completedAt: moment('completed_at'),
  archivedAt: moment('archived_at'),
  version: { name: 'version', way: 'number', type: 'int' },
  createdAt: moment('created_at'),
  updatedAt: moment('updated_at'),
} satisfies Columns<keyof Task>;

const shareColumns = {
  id: id('id'),
  taskId: id('task_id'),
  sharedWithId: id('shared_with_id'),
  sharedById: id('shared_by_id'),
  permission: word('permission', 'share_permission'),
  expiresAt: moment('expires_at'),
  createdAt: moment('created_at'),
  updatedAt: moment('updated_at'),
} satisfies Columns;

const memberColumns: Columns = {
  userId: id('user_id'),
  teamId: id('team_id'),
  role: word('role', 'team_role'),
};

function some(condition: Condition, columns: Columns): Prisma.Sql | null {
  const { some: wanted, ...others } = condition;
  return Object.keys(others).length === 0 && wanted ? conditionOf(columns, wanted as Condition) : null;
}

function relatedOfTask(name: string): Table['related'] {
  const column = (field: string) => Prisma.raw(`${name}.${field}`);
  return {
    team: ({ memberships, ...others }) => {
      const members =
        Object.keys(others).length === 0 && memberships
          ? some(memberships as Condition, memberColumns)
          : null;
      return (
        members && Prisma.sql`${column('team_id')} IN (SELECT team_id FROM memberships WHERE ${members})`
      );
    },
    shares: (condition) => {
      const shares = some(condition, shareColumns);
      return (
        shares && Prisma.sql`EXISTS (SELECT FROM task_shares WHERE task_id = ${column('id')} AND ${shares})`
      );
    },
    parent: (condition) => {
      const parent = conditionOf(within('parent', taskColumns), condition, relatedOfTask('parent'));
      return (
        parent &&
        Prisma.sql`EXISTS (SELECT FROM tasks AS parent WHERE parent.id = ${column('parent_id')} AND ${parent})`
      );
    },
  };
}

const shares: Table = {
  name: 'task_shares',
  columns: shareColumns,
  names: { sharedWith: { by: 'sharedWithId', of: users }, sharedBy: { by: 'sharedById', of: users } },
  related: {
    task: (condition) => conditionOf(within('page', taskColumns), condition, relatedOfTask('page')),
  },
};

export const tasks: PageTable<Task> = {
  label: 'Tasks',
  name: 'tasks',
  columns: taskColumns,
  names: {
    owner: { by: 'ownerId', of: users },
    assignee: { by: 'assigneeId', of: users },
    team: { by: 'teamId', of: teams },
  },
  related: relatedOfTask('tasks'),
  lists: { shares: { of: shares, by: 'task_id', about: ['ownerId', 'assigneeId', 'teamId'] } },
};

export const eventColumns: Columns = {
  sequence: { name: 'sequence', way: 'number', type: 'bigint' },
  at: moment('at'),
  kind: text('kind'),
  actorId: id('actor_id'),
  subjectId: id('subject_id'),
  teamId: id('team_id'),
  personId: id('person_id'),
  /** The index "events_task" has the same expression. */
  taskId: word("(data->>'taskId')", 'text'),
};

const messages: Table = {
  name: 'messages',
  columns: {
    id: id('id'),
    conversationId: id('conversation_id'),
    authorId: id('author_id'),
    role: word('role', 'message_role'),
    content: text('content'),
    toolCalls: { name: 'tool_calls', way: 'json', type: 'jsonb' },
    createdAt: moment('created_at'),
  },
  names: { author: { by: 'authorId', of: users } },
  related: {},
};

const participants: Columns = { userId: id('user_id') };

export const conversations: PageTable<Conversation> = {
  label: 'Conversations',
  name: 'conversations',
  columns: {
    id: id('id'),
    title: text('title'),
    ownerId: id('owner_id'),
    assistantOfId: id('assistant_of_id'),
    createdAt: moment('created_at'),
    updatedAt: moment('updated_at'),
  },
  names: { owner: { by: 'ownerId', of: users } },
  related: {
    participants: (condition) => {
      const taking = some(condition, participants);
      return (
        taking &&
        Prisma.sql`EXISTS (SELECT FROM conversation_participants WHERE conversation_id = conversations.id AND ${taking})`
      );
    },
  },
  lists: { messages: { of: messages, by: 'conversation_id', about: [] } },
};
