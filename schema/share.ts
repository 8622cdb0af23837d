import type { SharePermission } from '../prisma/generated/client/client.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Task } from './task.ts';
import { User } from './user.ts';

export const Permission = builder.enumType('SharePermission', {
  description: 'What a share allows. Neither lets its receiver delete the task or share it on.',
  values: {
    VIEW: { description: 'Read the task and its comments.' },
    EDIT: { description: 'Also change, complete and reopen it, and comment on it.' },
  } satisfies Record<SharePermission, object>,
});

export const TaskShare = builder.prismaNode('TaskShare', {
  description: 'One person’s access to a task of another. One that has run out is gone for everybody.',
  id: { field: 'id', description: 'Starts with `share_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.share(viewer) }),
  select: { id: true },
  fields: (t) => ({
    task: t.relation('task', { type: Task, description: 'Which task is shared.' }),
    sharedWith: t.relation('sharedWith', { type: User, description: 'Who has the access.' }),
    sharedBy: t.relation('sharedBy', { type: User, description: 'Who gave it.' }),
    permission: t.expose('permission', { type: Permission, description: 'What it allows.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null when it lasts until it is revoked.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the task was shared.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When the share last changed.' }),
  }),
});

builder.prismaObjectField(Task, 'shares', (t) =>
  pagedRelation(t, 'shares', {
    type: TaskShare,
    description:
      'With whom it is shared now, the first made first. Somebody it is shared with sees their own share only.',
    where: (_args, { viewer }) => visible.share(viewer),
    order: () => [],
    page: 'A page of a task’s shares.',
    edge: 'A share at its place of the list.',
  }),
);
