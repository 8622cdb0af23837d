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
    edit: t.boolean({ description: 'Edit the text.', resolve: (may) => may('comment.edit') }),
    delete: t.boolean({ description: 'Delete it permanently.', resolve: (may) => may('comment.delete') }),
  }),
});

export const Comment = builder.prismaNode('Comment', {
  description: 'A comment on a task. Visible to everyone who can see the task.',
  id: { field: 'id', description: 'Starts with `comment_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.comment(viewer) }),
  select: { id: true },
  fields: (t) => ({
    task: t.relation('task', { type: Task, description: 'The commented task.' }),
    author: t.relation('author', { type: User, description: 'The person who wrote the comment.' }),
    body: t.exposeString('body', { description: 'Markdown, 1 to 10,000 characters.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When the text last changed. Equal to `createdAt` if it never did.',
    }),
    viewerCan: t.field({
      type: CommentRights,
      description: 'What the viewer may do with the comment.',
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
    description: 'Comments, oldest first. Use `last` to get the latest ones.',
    where: () => ({}),
    order: () => [{ field: 'createdAt', direction: 'asc', value: moment }],
    page: 'A page of comments.',
    edge: 'An edge in a page of comments.',
  }),
);

/** Payload of a change to a comment, read with the client's selection. */
function commentPayload(t: PayloadFields<Change>) {
  return {
    comment: t.prismaField({
      type: Comment,
      description: 'The comment after the change.',
      resolve: async (query, { id }, _args, { db, viewer }) => {
        const where = { id, AND: visible.comment(viewer) };
        const comment = await db.comment.findFirst({ ...query, where, relationLoadStrategy: 'join' });
        if (!comment) throw new NotFound('comment');
        return comment;
      },
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  };
}

builder.relayMutationField(
  'addComment',
  {
    description: 'A new comment.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'Client-generated id (`comment_` and a UUID version 7). Makes retries safe: the same id adds one comment.',
      }),
      taskId: t.id({ required: true, description: 'The task to comment on.' }),
      body: t.string({ required: true, description: 'Markdown, 1 to 10,000 characters.' }),
    }),
  },
  {
    description:
      'Adds a comment to a task. Allowed for the task’s owner, people who may edit it, and members of its team except viewers.',
    resolve: (_root, { input }, { db, person }) => addComment(db, person, input),
  },
  { description: 'The new comment.', outputFields: commentPayload },
);

builder.relayMutationField(
  'updateComment',
  {
    description: 'New text for a comment.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Comment id.' }),
      body: t.string({ required: true, description: 'Markdown, 1 to 10,000 characters.' }),
    }),
  },
  {
    description: 'Changes the text of the viewer’s own comment.',
    resolve: (_root, { input }, { db, person }) => updateComment(db, person, input),
  },
  { description: 'The changed comment.', outputFields: commentPayload },
);

builder.relayMutationField(
  'deleteComment',
  {
    description: 'Identifies the comment to delete.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Comment id.' }) }),
  },
  {
    description:
      'Deletes a comment permanently. Allowed for its author, for the task’s owner, and for the owner and admins of the task’s team. Idempotent.',
    resolve: (_root, { input }, { db, person }) => deleteComment(db, person, input),
  },
  {
    description: 'The result of deleting a comment.',
    outputFields: (t) => ({
      deletedCommentId: t.id({
        description: 'Id of the comment, which no longer exists.',
        resolve: ({ id }) => publicId('Comment', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
