import type { SharePermission, TaskPriority, TaskStatus } from '../../gql/graphql.ts';

export const statusWords: Record<TaskStatus, string> = {
  TODO: 'To do',
  IN_PROGRESS: 'In progress',
  DONE: 'Completed',
  CANCELLED: 'Cancelled',
};

export const priorityWords: Record<TaskPriority, string> = {
  NONE: 'None',
  LOW: 'Low',
  MEDIUM: 'Medium',
  HIGH: 'High',
  URGENT: 'Urgent',
};

export const statuses: readonly TaskStatus[] = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'];
export const priorities: readonly TaskPriority[] = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'];

/** The permission of an offer, as in "offers it to you to view". */
export const offeredFor: Readonly<Record<SharePermission, string>> = { VIEW: 'to view', EDIT: 'to edit' };

/** Neither completed nor cancelled. */
export function isOpen(status: TaskStatus): boolean {
  return status === 'TODO' || status === 'IN_PROGRESS';
}
