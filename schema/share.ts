import type { SharePermission } from '../prisma/generated/client/client.ts';
import { revokeShare, shareTask, updateShare, type ShareChange } from '../server/domain/share.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './builder.ts';
import { pagedRelation } from './paged-relation.ts';
import { Task } from './task.ts';
import { User } from './user.ts';

const Permission = builder.enumType('SharePermission', {
  description: 'What a share allows. Neither lets its receiver delete the task or share it on.',
  values: {
    VIEW: { description: 'Read the task and its comments.' },
    EDIT: { description: 'Also change, complete and reopen it, and comment on it.' },
  } satisfies Record<SharePermission, object>,
});

const TaskShare = builder.prismaNode('TaskShare', {
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

/** What making and changing a share give back: the share re-read with the client's selection. */
function sharePayload(t: PayloadFields<ShareChange>) {
  return {
    share: t.prismaField({
      type: TaskShare,
      description: 'The share as it is now.',
      resolve: async (query, { id }, _args, { db, viewer }) => {
        const where = { id, AND: visible.share(viewer) };
        const share = await db.taskShare.findUnique({ ...query, where, relationLoadStrategy: 'join' });
        if (!share) throw new NotFound('share');
        return share;
      },
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  };
}

builder.relayMutationField(
  'shareTask',
  {
    description: 'Which task, with whom, and for what. Name the person by `userId` or by `email`.',
    inputFields: (t) => ({
      taskId: t.id({ required: true, description: 'Which task.' }),
      userId: t.id({
        description: 'Somebody whom the viewer sees already. Not the viewer, nor the task’s owner.',
      }),
      email: t.string({ description: 'The address that they sign in with; NOT_FOUND where nobody does.' }),
      permission: t.field({ type: Permission, description: 'VIEW when left out.' }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it ends by itself, in the future; when left out, it lasts until it is revoked.',
      }),
    }),
  },
  {
    description:
      'Shows a task to another person. Sharing it again in the same way is harmless; CONFLICT where it is shared with them in another way, which `updateShare` changes.',
    resolve: (_root, { input }, { db, person }) => shareTask(db, person, input),
  },
  { description: 'The made share.', outputFields: sharePayload },
);

builder.relayMutationField(
  'updateShare',
  {
    description: 'New terms for a share. What is left out stays as it is.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which share.' }),
      permission: t.field({ type: Permission, description: 'What it allows from now on.' }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it ends by itself, in the future; null lets it last until it is revoked.',
      }),
    }),
  },
  {
    description: 'Changes what a share allows, or until when.',
    resolve: (_root, { input }, { db, person }) => updateShare(db, person, input),
  },
  { description: 'The changed share.', outputFields: sharePayload },
);

builder.relayMutationField(
  'revokeShare',
  {
    description: 'Which share ends.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which share.' }) }),
  },
  {
    description:
      'Takes the access back, at once; its receiver gives it up in the same way. Revoking it again is harmless.',
    resolve: (_root, { input }, { db, person }) => revokeShare(db, person, input),
  },
  {
    description: 'What is left of a revoked share.',
    outputFields: (t) => ({
      revokedShareId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('TaskShare', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
