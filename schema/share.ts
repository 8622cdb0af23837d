import type { SharePermission } from '../prisma/generated/client/client.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Task } from './task.ts';
import { User } from './user.ts';

export const Permission = builder.enumType('SharePermission', {
  description: 'Permission of a share. No share lets the receiver delete the task or share it with others.',
  values: {
    VIEW: { description: 'Read the task and its comments.' },
    EDIT: { description: 'Also change, complete and reopen the task, and comment on it.' },
  } satisfies Record<SharePermission, object>,
});

export const TaskShare = builder.prismaNode('TaskShare', {
  description: 'A person’s access to a task they do not own. Expired shares are not visible.',
  id: { field: 'id', description: 'Starts with `share_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.share(viewer) }),
  select: { id: true },
  fields: (t) => ({
    task: t.relation('task', { type: Task, description: 'The shared task.' }),
    sharedWith: t.relation('sharedWith', { type: User, description: 'The person with access.' }),
    sharedBy: t.relation('sharedBy', { type: User, description: 'The person who shared the task.' }),
    permission: t.expose('permission', { type: Permission, description: 'Permission of the share.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the share expires. Null: it lasts until it is revoked.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the task was shared.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'Time of the last change.' }),
  }),
});

builder.prismaObjectField(Task, 'shares', (t) =>
  pagedRelation(t, 'shares', {
    type: TaskShare,
    description:
      'Active shares of the task, oldest first. A person it is shared with sees only their own share.',
    where: (_args, { viewer }) => visible.share(viewer),
    order: () => [],
    page: 'A page of shares.',
    edge: 'An edge in a page of shares.',
  }),
);
