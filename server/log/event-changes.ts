import type { LoggedKind, TaskFacts } from './catalogue.ts';

/** One thing that an event changed, in words: never an id, for its reader may not see what that leads to. */
export interface EventChange {
  field: string;
  before: string | null;
  after: string | null;
}

const SINGLE_CHANGES: Partial<Record<LoggedKind, (data: Data) => EventChange>> = {
  'team.memberInvited': ({ role }) => change('role', null, role),
  'team.memberJoined': ({ role }) => change('role', null, role),
  'team.memberRemoved': ({ role }) => change('role', role, null),
  'team.memberLeft': ({ role }) => change('role', role, null),
  'team.roleChanged': ({ before, after }) => change('role', before, after),
  'team.deleted': ({ name }) => change('name', name, null),
  'task.shared': ({ permission }) => change('permission', null, permission),
  'task.shareUpdated': ({ permission }) => change('permission', null, permission),
  'task.shareOffered': ({ permission }) => change('permission', null, permission),
  'task.shareAccepted': ({ permission }) => change('permission', null, permission),
};

type Data = Record<string, unknown>;

/** What an event's data says for everybody who may read of it. What is not named here stays in the log. */
export function changesOf(kind: LoggedKind, data: unknown): EventChange[] {
  const given = data as Data;
  const single = SINGLE_CHANGES[kind];
  if (single) return [single(given)];
  if (kind === 'user.updated' || kind === 'team.updated') {
    const { fields } = given as { fields: string[] };
    return fields.map((field) => change(field, null, null));
  }
  const { before, after } = given as { before?: TaskFacts | null; after?: TaskFacts | null };
  return kind.startsWith('task.') && before && after ? factChanges(before, after) : [];
}

const TOLD = ['status', 'priority', 'dueOn'] as const;
const NAMED = ['owner', 'assignee', 'team'] as const;

function factChanges(before: TaskFacts, after: TaskFacts): EventChange[] {
  return [
    ...TOLD.filter((fact) => before[fact] !== after[fact]).map((fact) =>
      change(fact, before[fact], after[fact]),
    ),
    ...NAMED.filter((fact) => before[fact] !== after[fact]).map((fact) => change(fact, null, null)),
    ...(before.archived === after.archived
      ? []
      : [change('archived', String(before.archived), String(after.archived))]),
  ];
}

function change(field: string, before: unknown, after: unknown): EventChange {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return { field, before: text(before), after: text(after) };
}
