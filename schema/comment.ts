import type { Change } from '../server/domain/change.ts';
import { addComment, deleteComment, updateComment } from '../server/domain/comment.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { can, placement, visible, type Action } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { moment } from './machinery/connection.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Task } from './task.ts';
import { User } from './user.ts';

type CommentAction = Extract<Action, `comment.${string}`>;

const CommentRights = builder.objectRef<(action: CommentAction) => boolean>('CommentRights').implement({
  description: 'What the viewer may do with a comment.',
  fields: (t) => ({
    edit: t.boolean({ description: 'Change its words.', resolve: (may) => may('comment.edit') }),
    delete: t.boolean({ description: 'Take it away for good.', resolve: (may) => may('comment.delete') }),
  }),
});

export const Comment = builder.prismaNode('Comment', {
  description: 'What somebody said about a task. Whoever sees the task reads it.',
  id: { field: 'id', description: 'Starts with `comment_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.comment(viewer) }),
  select: { id: true },
  fields: (t) => ({
    task: t.relation('task', { type: Task, description: 'What it is about.' }),
    author: t.relation('author', { type: User, description: 'Who said it.' }),
    body: t.exposeString('body', { description: 'Markdown, 1 to 10,000 characters.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was said.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its words last changed; equal to `createdAt` until then.',
    }),
    viewerCan: t.field({
      type: CommentRights,
      description: 'What the viewer may do with it.',
      select: {
        authorId: true,
        task: { select: placement },
      },
      resolve:
        (comment, _args, { viewer }) =>
        (action: CommentAction) =>
          can(viewer, action, comment),
    }),
  }),
});

builder.prismaObjectField(Task, 'comments', (t) =>
  pagedRelation(t, 'comments', {
    type: Comment,
    description: 'What was said about it, the oldest first; `last` takes the latest.',
    where: () => ({}),
    order: () => [{ field: 'createdAt', direction: 'asc', value: moment }],
    page: 'A page of a task’s comments.',
    edge: 'A comment at its place of the list.',
  }),
);

/** What saying something and changing it give back: the comment re-read with the client's selection. */
function commentPayload(t: PayloadFields<Change>) {
  return {
    comment: t.prismaField({
      type: Comment,
      description: 'The comment as it is now.',
      resolve: async (query, { id }, _args, { db, viewer }) => {
        const where = { id, AND: visible.comment(viewer) };
        const comment = await db.comment.findUnique({ ...query, where, relationLoadStrategy: 'join' });
        if (!comment) throw new NotFound('comment');
        return comment;
      },
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  };
}

builder.relayMutationField(
  'addComment',
  {
    description: 'A new comment.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'An id of the client’s own making (`comment_` and a UUID of version 7), so that sending it twice says it once.',
      }),
      taskId: t.id({ required: true, description: 'What it is about.' }),
      body: t.string({ required: true, description: 'Markdown, 1 to 10,000 characters.' }),
    }),
  },
  {
    description:
      'Says something about a task. For its owner, whoever may edit it, and members of its team who do more than read.',
    resolve: (_root, { input }, { db, person }) => addComment(db, person, input),
  },
  { description: 'The new comment.', outputFields: commentPayload },
);

builder.relayMutationField(
  'updateComment',
  {
    description: 'Other words for a comment.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which comment.' }),
      body: t.string({ required: true, description: 'Markdown, 1 to 10,000 characters.' }),
    }),
  },
  {
    description: 'Changes the words of one’s own comment.',
    resolve: (_root, { input }, { db, person }) => updateComment(db, person, input),
  },
  { description: 'The changed comment.', outputFields: commentPayload },
);

builder.relayMutationField(
  'deleteComment',
  {
    description: 'Which comment goes.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which comment.' }) }),
  },
  {
    description:
      'Takes a comment away for good: one’s own, or any of a task that one owns or whose team one leads. Deleting it again is harmless.',
    resolve: (_root, { input }, { db, person }) => deleteComment(db, person, input),
  },
  {
    description: 'What is left of a deleted comment.',
    outputFields: (t) => ({
      deletedCommentId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('Comment', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
