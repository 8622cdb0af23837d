import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { SharePermission, TeamRole } from '../../prisma/generated/client/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { giveShare } from '../kit/shares.ts';
import { startWorld, type Person } from '../kit/world.ts';

interface Comment {
  id: string;
  body: string;
  author: { name: string };
  task: { id: string };
  createdAt: string;
  updatedAt: string;
  viewerCan: { edit: boolean; delete: boolean };
}

const { db, people } = await startWorld();
const { ada, bob, cleo, dan } = await people('Ada', 'Bob', 'Cleo', 'Dan');

const COMMENT = 'id body author { name } task { id } createdAt updatedAt viewerCan { edit delete }';
const NO_COMMENT = 'This comment does not exist, or you do not have access to it.';

async function add(by: Person, input: Record<string, unknown>) {
  const { addComment } = await by.query<{ addComment: { comment: Comment; cursor: string } }>(
    `mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { ${COMMENT} } cursor } }`,
    { input },
  );
  return addComment;
}

/** Adds a comment of which only the id matters. */
async function say(by: Person, taskId: string, body = 'Why?') {
  return (await add(by, { taskId, body })).comment.id;
}

async function update(by: Person, id: string, body: string) {
  const { updateComment } = await by.query<{ updateComment: { comment: Comment } }>(
    `mutation ($input: UpdateCommentInput!) { updateComment(input: $input) { comment { ${COMMENT} } } }`,
    { input: { id, body } },
  );
  return updateComment.comment;
}

async function remove(by: Person, id: string) {
  const { deleteComment } = await by.query<{ deleteComment: { deletedCommentId: string; cursor: string } }>(
    'mutation ($id: ID!) { deleteComment(input: { id: $id }) { deletedCommentId cursor } }',
    { id },
  );
  return deleteComment;
}

async function saidAbout(task: string, viewer: Person) {
  const answer = await viewer.query<{
    task: { comments: { nodes: { body: string }[]; totalCount: number } };
  }>('query ($id: ID!) { task(id: $id) { comments { nodes { body } totalCount } } }', { id: task });
  const { nodes, totalCount } = answer.task.comments;
  expect(totalCount).toBe(nodes.length);
  return nodes.map(({ body }) => body);
}

async function node(viewer: Person, id: string) {
  return (await viewer.query<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', { id })).node;
}

async function share(task: string, receiver: Person, permission: SharePermission) {
  return giveShare(ada, receiver, task, { permission });
}

async function teamOf(members: [Person, TeamRole][]) {
  const id = newId();
  const name = `Team ${randomUUID()}`;
  await db.team.create({
    data: {
      id,
      name,
      slug: name.toLowerCase().replaceAll(' ', '-'),
      memberships: { create: members.map(([{ id }, role]) => ({ userId: uuidOf('User', id), role })) },
    },
  });
  return { id: publicId('Team', id), uuid: id };
}

async function eventsOf(commentId: string) {
  return db.event.findMany({
    where: { subjectId: uuidOf('Comment', commentId), kind: { startsWith: 'comment.' } },
    orderBy: { sequence: 'asc' },
    select: { kind: true, actorId: true, teamId: true, personId: true, data: true },
  });
}

const uuid = ({ id }: Person) => uuidOf('User', id);

let task: string;
beforeEach(async () => {
  task = await ada.createTask('Plan the feast');
});

describe('commenting', () => {
  test('is allowed for the task’s owner and for people with an EDIT share; the oldest comment is first', async () => {
    const { comment, cursor } = await add(ada, { taskId: task, body: '  Who *cooks*?\n' });
    expect(comment).toEqual({
      id: expect.stringMatching(/^comment_/) as string,
      body: 'Who *cooks*?',
      author: { name: 'Ada' },
      task: { id: task },
      createdAt: expect.any(String) as string,
      updatedAt: comment.createdAt,
      viewerCan: { edit: true, delete: true },
    });
    expect(cursor).not.toBe('');
    await share(task, bob, 'EDIT');
    await say(bob, task, 'I do.');
    for (const viewer of [ada, bob]) expect(await saidAbout(task, viewer)).toEqual(['Who *cooks*?', 'I do.']);
  });

  test('[BR-11] appends an event with the author and the task, without the text', async () => {
    await share(task, bob, 'EDIT');
    const id = await say(bob, task, 'I cook.');
    await update(bob, id, 'We cook.');
    await update(bob, id, 'We cook.');
    await remove(ada, id);
    const address = { teamId: null, personId: uuid(ada) };
    const taskId = uuidOf('Task', task);
    expect(await eventsOf(id)).toEqual([
      {
        kind: 'comment.added',
        actorId: uuid(bob),
        ...address,
        data: { taskId, fingerprint: expect.any(String) as string },
      },
      { kind: 'comment.updated', actorId: uuid(bob), ...address, data: { taskId } },
      { kind: 'comment.deleted', actorId: uuid(ada), ...address, data: { taskId } },
    ]);
  });

  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t '],
    ['more than 10,000 characters', 'a'.repeat(10_001)],
    ['a NUL', 'a\0b'],
  ])('with %s is rejected', async (_what, body) => {
    await expect(add(ada, { taskId: task, body })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'body' },
    });
    const id = await say(ada, task, 'So be it.');
    await expect(update(ada, id, body)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await saidAbout(task, ada)).toEqual(['So be it.']);
  });

  test('allows 10,000 characters of any script', async () => {
    const body = '🎉'.repeat(10_000);
    expect((await add(ada, { taskId: task, body })).comment.body).toBe(body);
  });

  test('[BR-05] is not allowed with a VIEW share', async () => {
    await share(task, bob, 'VIEW');
    await expect(say(bob, task)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'You can read this task but not comment on it. Ask its owner for edit access.',
    });
    expect(await saidAbout(task, bob)).toEqual([]);
  });

  test('[BR-04] is allowed for members of the team except VIEWERs, and all of them read comments', async () => {
    const { owen, ann, max, vera } = await people('Owen', 'Ann', 'Max', 'Vera');
    const team = await teamOf([
      [owen, 'OWNER'],
      [ann, 'ADMIN'],
      [max, 'MEMBER'],
      [vera, 'VIEWER'],
    ]);
    const common = await owen.createTask('Move house', { teamId: team.id });
    const ids = [];
    for (const person of [owen, ann, max]) ids.push(await say(person, common, person.name));
    await expect(say(vera, common)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await saidAbout(common, vera)).toEqual(['Owen', 'Ann', 'Max']);
    expect((await eventsOf(ids[2] ?? ''))[0]).toMatchObject({ actorId: uuid(max), teamId: team.uuid });
  });

  test('[BR-06] is over for a person who left the team: they see no comments there, not even their own', async () => {
    const { owen, max } = await people('Owen', 'Max');
    const team = await teamOf([
      [owen, 'OWNER'],
      [max, 'MEMBER'],
    ]);
    const common = await max.createTask('Sell the car', { teamId: team.id });
    const id = await say(max, common);
    await db.membership.deleteMany({ where: { teamId: team.uuid, userId: uuid(max) } });
    const refusal = { code: 'NOT_FOUND' };
    await expect(say(max, common)).rejects.toMatchObject(refusal);
    await expect(update(max, id, 'Mine!')).rejects.toMatchObject(refusal);
    await expect(remove(max, id)).rejects.toMatchObject(refusal);
    expect(await node(max, id)).toBeNull();
    expect(await saidAbout(common, owen)).toEqual(['Why?']);
  });
});

describe('a comment with a client-generated id', () => {
  const ownId = () => publicId('Comment', newId());

  test('[BR-10] is added once if it is sent twice, or ten times concurrently', async () => {
    const input = { id: ownId(), taskId: task, body: 'Once' };
    const first = await add(ada, input);
    expect(first.comment.id).toBe(input.id);
    const again = await Promise.all(Array.from({ length: 10 }, () => add(ada, input)));
    for (const answer of again) expect(answer).toEqual(first);
    expect(await saidAbout(task, ada)).toEqual(['Once']);
    expect(await eventsOf(input.id)).toHaveLength(1);
  });

  test('[BR-10] is a conflict if the id is taken, by any person', async () => {
    await share(task, bob, 'EDIT');
    const input = { id: ownId(), taskId: task, body: 'Mine' };
    await add(ada, input);
    const refusal = { code: 'CONFLICT', extensions: { field: 'id' } };
    await expect(add(ada, { ...input, body: 'Other' })).rejects.toMatchObject(refusal);
    await expect(add(bob, input)).rejects.toMatchObject(refusal);
    expect(await saidAbout(task, ada)).toEqual(['Mine']);
  });

  test('[BR-10] is not restored after its deletion', async () => {
    const input = { id: ownId(), taskId: task, body: 'Gone' };
    await add(ada, input);
    await remove(ada, input.id);
    await expect(add(ada, input)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await saidAbout(task, ada)).toEqual([]);
  });

  test('is rejected if the id has another version or type', async () => {
    for (const id of [publicId('Comment', randomUUID()), task]) {
      await expect(add(ada, { id, taskId: task, body: 'No' })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'id' },
      });
    }
  });
});

describe('editing a comment', () => {
  test('is allowed for its author, and all others read the new text', async () => {
    await share(task, bob, 'EDIT');
    const id = await say(bob, task, 'I coock.');
    const changed = await update(bob, id, 'I cook.');
    expect(changed).toMatchObject({ id, body: 'I cook.', viewerCan: { edit: true, delete: true } });
    expect(changed.updatedAt > changed.createdAt).toBe(true);
    expect(await saidAbout(task, ada)).toEqual(['I cook.']);
  });

  test('[BR-04] is allowed for no one else, not even the task’s owner', async () => {
    await share(task, bob, 'EDIT');
    const id = await say(bob, task, 'I cook.');
    await expect(update(ada, id, 'I do not.')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'Only its author can edit this comment.',
    });
    expect(await saidAbout(task, ada)).toEqual(['I cook.']);
  });
});

describe('deleting a comment', () => {
  test('[BR-10] is allowed for its author; repeating it, also ten times concurrently, has no effect', async () => {
    await share(task, bob, 'EDIT');
    const id = await say(bob, task);
    const answers = await Promise.all(Array.from({ length: 10 }, () => remove(bob, id)));
    const once = { deletedCommentId: id, cursor: answers[0]?.cursor };
    for (const answer of [...answers, await remove(bob, id)]) expect(answer).toEqual(once);
    expect(await saidAbout(task, ada)).toEqual([]);
    expect((await eventsOf(id)).map(({ kind }) => kind)).toEqual(['comment.added', 'comment.deleted']);
    expect(await node(ada, id)).toBeNull();
    await expect(remove(ada, id)).rejects.toMatchObject({ code: 'NOT_FOUND', message: NO_COMMENT });
  });

  test('is allowed for the task’s owner, but not for another receiver of a share', async () => {
    await share(task, bob, 'EDIT');
    await share(task, cleo, 'EDIT');
    const id = await say(bob, task);
    await expect(remove(cleo, id)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'Only its author, the task’s owner and the team’s owner and admins can delete this comment.',
    });
    const rights = async (viewer: Person) =>
      viewer.query('query ($id: ID!) { node(id: $id) { ... on Comment { viewerCan { edit delete } } } }', {
        id,
      });
    expect(await rights(bob)).toEqual({ node: { viewerCan: { edit: true, delete: true } } });
    expect(await rights(ada)).toEqual({ node: { viewerCan: { edit: false, delete: true } } });
    expect(await rights(cleo)).toEqual({ node: { viewerCan: { edit: false, delete: false } } });
    await expect(remove(ada, id)).resolves.toMatchObject({ deletedCommentId: id });
  });

  test('happens when its task is deleted', async () => {
    const id = await say(ada, task);
    await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: task });
    expect(await node(ada, id)).toBeNull();
    await expect(update(ada, id, 'Still here')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a stranger', () => {
  test('[BR-08] gets the same answer for an existing comment as for an unknown one', async () => {
    const id = await say(ada, task);
    for (const unseen of [id, publicId('Comment', newId())]) {
      const refusal = { code: 'NOT_FOUND', message: NO_COMMENT };
      await expect(update(dan, unseen, 'Hi')).rejects.toMatchObject(refusal);
      await expect(remove(dan, unseen)).rejects.toMatchObject(refusal);
      expect(await node(dan, unseen)).toBeNull();
    }
    for (const unseen of [task, publicId('Task', newId())]) {
      await expect(say(dan, unseen)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'This task does not exist, or you do not have access to it.',
      });
    }
    expect(await saidAbout(task, ada)).toEqual(['Why?']);
  });

  test('[BR-08] learns nothing about a comment by sending its id again', async () => {
    const id = publicId('Comment', newId());
    await add(ada, { id, taskId: task, body: 'Secret' });
    const own = await dan.createTask('Own');
    await expect(add(dan, { id, taskId: own, body: 'Secret' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'This id is already in use. Generate a new one.',
    });
  });

  test('[FR-027] without the share sees no comments any more, not even their own', async () => {
    const shareId = await share(task, bob, 'EDIT');
    const id = await say(bob, task);
    expect(await node(bob, id)).toEqual({ id });
    await ada.query('mutation ($id: ID!) { revokeShare(input: { id: $id }) { cursor } }', { id: shareId });
    expect(await node(bob, id)).toBeNull();
    await expect(update(bob, id, 'Still mine')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await saidAbout(task, ada)).toEqual(['Why?']);
  });
});
