import type { Event, SharePermission } from '../../prisma/generated/client/client.ts';
import { traitsOf } from '../log/catalogue.ts';
import type { LogConnection } from '../log/tail.ts';
import { seesEvent, showsByShare, type Viewer } from '../policy.ts';

export type Receivers = ReadonlyMap<string, ReadonlyMap<string, SharePermission>>;

const NO_CONVERSATIONS: ReadonlySet<string> = new Set();

/** Kinds with a share or an offer as subject. The receiver is `personId`, or `actorId` if they accept it. */
function isOfShare(kind: string): boolean {
  const { subject } = traitsOf(kind);
  return subject === 'TaskShare' || subject === 'ShareOffer';
}

/** The task for which receivers of shares get the event; null for other events. */
export function sharedTaskOf(event: Event): string | null {
  return traitsOf(event.kind).subject === 'Task' && showsByShare(event) ? event.subjectId : null;
}

/** Whether the event itself names the person as a receiver, since shares are deleted with their task. */
export function wasSharedWith(userId: string, { data }: Event): boolean {
  return (data as { sharedWith?: string[] }).sharedWith?.includes(userId) === true;
}

/** The event's task if only a share decides whether the viewer sees it; at most one. */
export function undecidedTask(viewer: Viewer, event: Event): string[] {
  const taskId = sharedTaskOf(event);
  const isDecided = taskId === null || seesEvent(viewer, NO_CONVERSATIONS, event, false);
  return isDecided || wasSharedWith(viewer.ownId, event) ? [] : [taskId];
}

interface Row {
  task_id: string;
  shared_with_id: string;
  permission: SharePermission;
}

/** One statement at most. Includes people who get a share by the events. */
export async function receiversOf(
  connection: LogConnection,
  events: readonly Event[],
  holders: ReadonlySet<string>,
): Promise<Receivers | undefined> {
  const tasks = new Set(events.flatMap((event) => sharedTaskOf(event) ?? []));
  const people = new Set(holders);
  for (const { kind, actorId, personId } of events) {
    if (!isOfShare(kind)) continue;
    for (const id of [actorId, personId]) if (id !== null) people.add(id);
  }
  if (tasks.size === 0 || people.size === 0) return undefined;
  const { rows } = await connection.query<Row>({
    name: 'receiversOf',
    text: `/* receiversOf */
      SELECT task_id, shared_with_id, permission FROM task_shares
      WHERE task_id = ANY($1::uuid[]) AND shared_with_id = ANY($2::uuid[])
        AND (expires_at IS NULL OR expires_at > now())`,
    values: [[...tasks], [...people]],
  });
  const receivers = new Map([...tasks].map((taskId) => [taskId, new Map<string, SharePermission>()]));
  for (const row of rows) receivers.get(row.task_id)?.set(row.shared_with_id, row.permission);
  return receivers;
}
