import type { SharePermission, TaskPriority, TaskStatus } from '../../gql/graphql.ts';
import { msg } from '../language/format.ts';

export const statusWords: Record<TaskStatus, string> = {
  get TODO() {
    return 'To do';
  },
  get IN_PROGRESS() {
    return 'In progress';
  },
  get DONE() {
    return 'Completed';
  },
  get CANCELLED() {
    return 'Cancelled';
  },
};

export const priorityWords: Record<TaskPriority, string> = {
  get NONE() {
    return 'None';
  },
  get LOW() {
    return 'Low';
  },
  get MEDIUM() {
    return 'Medium';
  },
  get HIGH() {
    return 'High';
  },
  get URGENT() {
    return 'Urgent';
  },
};

export const statuses: readonly TaskStatus[] = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'];
export const priorities: readonly TaskPriority[] = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'];

/** The permission of an offer, as in "offers it to you to view". */
export const offeredFor: Readonly<Record<SharePermission, string>> = {
  get VIEW() {
    return msg('to view');
  },
  get EDIT() {
    return msg('to edit');
  },
};

/** Neither completed nor cancelled. */
export function isOpen(status: TaskStatus): boolean {
  return status === 'TODO' || status === 'IN_PROGRESS';
}
