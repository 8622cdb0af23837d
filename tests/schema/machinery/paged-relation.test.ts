import { beforeAll, describe, expect, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { statementsOf } from '../../kit/statements.ts';
import { startWorld } from '../../kit/world.ts';

interface Page {
  nodes: { body: string }[];
  edges: { cursor: string; node: { body: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
  totalCount: number;
}

const { db, people } = await startWorld();
const { ada, bob } = await people('Ada', 'Bob');

const COMMENTS = /* GraphQL */ `
  query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    task(id: $id) {
      comments(first: $first, after: $after, last: $last, before: $before) {
        nodes {
          body
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`;

async function commentsOf(id: string, page: Record<string, unknown> = {}) {
  const { task } = await ada.query<{ task: { comments: Page } }>(COMMENTS, { id, ...page });
  return { bodies: task.comments.nodes.map(({ body }) => body), ...task.comments.pageInfo };
}

/** Comments, one per minute, some at the same time. */
async function say(taskId: string, bodies: string[]) {
  await db.comment.createMany({
    data: bodies.map((body, i) => ({
      taskId: uuidOf('Task', taskId),
      authorId: uuidOf('User', ada.id),
      body,
      createdAt: new Date(Date.UTC(2026, 0, 1, 12, Math.floor(i / 2))),
    })),
  });
}

/** In the order of the list: comments of the same time are ordered by id. */
async function saidAbout(taskId: string) {
  const comments = await db.comment.findMany({
    where: { taskId: uuidOf('Task', taskId) },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  return comments.map(({ body }) => body);
}

describe('fifty tasks with their lists', () => {
  const LIST = /* GraphQL */ `
    query ($first: Int) {
      tasks(first: $first) {
        nodes {
          title
          owner {
            name
          }
          viewerCan {
            edit
          }
          comments(first: 3) {
            nodes {
              body
              author {
                name
              }
              viewerCan {
                delete
              }
            }
            totalCount
          }
          shares(first: 2) {
            edges {
              cursor
              node {
                permission
                sharedWith {
                  name
                }
              }
            }
            totalCount
          }
        }
      }
    }
  `;

  beforeAll(async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, (_, i) => ada.createTask(`Task ${i}`)));
    for (const id of ids) await say(id, ['One', 'Two', 'Three', 'Four']);
    await db.taskShare.createMany({
      data: ids.map((id) => ({
        taskId: uuidOf('Task', id),
        sharedWithId: uuidOf('User', bob.id),
        sharedById: uuidOf('User', ada.id),
      })),
    });
  });

  test('[FR-014] take three statements, like one task with its lists', async () => {
    const costOf = (first: number) => statementsOf(() => ada.query(LIST, { first }));
    const one = await costOf(1);
    const fifty = await costOf(50);
    expect(fifty).toHaveLength(3);
    expect(fifty[0]).toContain('/* viewerOf */');
    expect(one).toEqual(fifty);
  });

  test('[FR-014] take no more statements than one task if a list is selected twice', async () => {
    const document = `query ($first: Int) { tasks(first: $first) { nodes {
      oldest: comments(first: 1) { nodes { body } } latest: comments(last: 1) { nodes { body } totalCount }
    } } }`;
    const costOf = async (first: number) => (await statementsOf(() => ada.query(document, { first }))).length;
    expect([await costOf(1), await costOf(50)]).toEqual([4, 4]);
  });

  test('have their own lists', async () => {
    const { tasks } = await ada.query<{ tasks: { nodes: unknown[] } }>(LIST, { first: 50 });
    expect(tasks.nodes).toHaveLength(50);
    for (const task of tasks.nodes) {
      expect(task).toMatchObject({
        comments: {
          nodes: [{ author: { name: 'Ada' }, viewerCan: { delete: true } }, {}, {}],
          totalCount: 4,
        },
        shares: { edges: [{ node: { permission: 'VIEW', sharedWith: { name: 'Bob' } } }], totalCount: 1 },
      });
    }
  });
});

describe('paging', () => {
  let task: string;
  let said: string[];

  beforeAll(async () => {
    task = await ada.createTask('Much discussed');
    await say(task, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    said = await saidAbout(task);
  });

  test('reads all comments forward', async () => {
    const first = await commentsOf(task, { first: 3 });
    expect(first).toMatchObject({ bodies: said.slice(0, 3), hasNextPage: true, hasPreviousPage: false });
    const second = await commentsOf(task, { first: 3, after: first.endCursor });
    expect(second).toMatchObject({ bodies: said.slice(3, 6), hasNextPage: true, hasPreviousPage: true });
    const third = await commentsOf(task, { first: 3, after: second.endCursor });
    expect(third).toMatchObject({ bodies: said.slice(6), hasNextPage: false, hasPreviousPage: true });
  });

  test('reads all comments backward', async () => {
    const last = await commentsOf(task, { last: 3 });
    expect(last).toMatchObject({ bodies: said.slice(4), hasNextPage: false, hasPreviousPage: true });
    const before = await commentsOf(task, { last: 5, before: last.startCursor });
    expect(before).toMatchObject({ bodies: said.slice(0, 4), hasNextPage: true, hasPreviousPage: false });
  });

  test('continues after a deleted comment', async () => {
    const gone = await ada.createTask('Forgotten in parts');
    await say(gone, ['a', 'b', 'c', 'd', 'e']);
    const all = await saidAbout(gone);
    const { endCursor } = await commentsOf(gone, { first: 2 });
    await db.comment.deleteMany({ where: { taskId: uuidOf('Task', gone), body: all[1] ?? '' } });
    expect((await commentsOf(gone, { first: 2, after: endCursor })).bodies).toEqual(all.slice(2, 4));
  });

  test('rejects pages that are too large, both directions at once, and cursors of other lists', async () => {
    const { comments } = (
      await ada.query<{ task: { comments: Page } }>(
        'query ($id: ID!) { task(id: $id) { comments { pageInfo { startCursor } } } }',
        { id: task },
      )
    ).task;
    const commentCursor = comments.pageInfo.startCursor;
    for (const [page, field] of [
      [{ first: 101 }, 'first'],
      [{ last: -1 }, 'last'],
      [{ first: 1, last: 1 }, 'last'],
      [{ after: 'nonsense' }, 'after'],
      [{ before: Buffer.from('["id:asc","1"]').toString('base64url') }, 'before'],
    ] as const) {
      await expect(commentsOf(task, page)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field },
      });
    }
    await expect(
      ada.query(
        'query ($id: ID!, $after: String) { task(id: $id) { shares(after: $after) { totalCount nodes { id } } } }',
        {
          id: task,
          after: commentCursor,
        },
      ),
    ).rejects.toMatchObject({ code: 'VALIDATION_FAILED', extensions: { field: 'after' } });
  });
});

describe('any selection works:', () => {
  let task: string;
  let said: string[];

  beforeAll(async () => {
    task = await ada.createTask('Looked at from all sides');
    await say(task, ['a', 'b', 'c']);
    said = await saidAbout(task);
  });

  /** The selection of a task's lists, through each field that leads to a task. */
  async function read(selection: string, variables: Record<string, unknown> = {}) {
    const declared = 'few' in variables ? ', $few: Boolean!' : '';
    const document = `query ($id: ID! ${declared}) {
      task(id: $id) { ...Lists }
      node(id: $id) { ...Lists }
      nodes(ids: [$id]) { ...Lists }
      tasks(filter: { id: { eq: $id } }) { nodes { ...Lists } edges { node { ...Lists } } }
    }
    fragment Lists on Task { ${selection} }`;
    const answer = await ada.query<{
      task: unknown;
      node: unknown;
      nodes: unknown[];
      tasks: { nodes: unknown[]; edges: { node: unknown }[] };
    }>(document, { id: task, ...variables });
    for (const other of [answer.node, answer.nodes[0], answer.tasks.nodes[0], answer.tasks.edges[0]?.node])
      expect(other).toEqual(answer.task);
    return answer.task;
  }

  test('the count alone, with a page, and with an empty page', async () => {
    expect(await read('comments { totalCount }')).toEqual({ comments: { totalCount: 3 } });
    expect(await read('comments(first: 1) { totalCount nodes { body } }')).toEqual({
      comments: { totalCount: 3, nodes: [{ body: said[0] }] },
    });
    expect(await read('comments(first: 0) { totalCount nodes { body } pageInfo { hasNextPage } }')).toEqual({
      comments: { totalCount: 3, nodes: [], pageInfo: { hasNextPage: true } },
    });
  });

  test('only the page info, or only the type', async () => {
    expect(await read('comments(first: 2) { pageInfo { hasNextPage } }')).toEqual({
      comments: { pageInfo: { hasNextPage: true } },
    });
    expect(await read('comments { __typename } shares { __typename totalCount }')).toEqual({
      comments: { __typename: 'TaskCommentsConnection' },
      shares: { __typename: 'TaskSharesConnection', totalCount: 0 },
    });
  });

  test('the same list several times with different arguments', async () => {
    const selection = `
      oldest: comments(first: 1) { nodes { body } }
      latest: comments(last: 1) { nodes { body author { name } } pageInfo { hasPreviousPage } }
      all: comments { edges { node { body } } totalCount }
      number: comments { totalCount }
      few: comments(first: 2) { totalCount nodes { task { title comments(last: 1) { nodes { body } } } } }
    `;
    const nested = { task: { title: 'Looked at from all sides', comments: { nodes: [{ body: said[2] }] } } };
    expect(await read(selection)).toEqual({
      oldest: { nodes: [{ body: said[0] }] },
      latest: { nodes: [{ body: said[2], author: { name: 'Ada' } }], pageInfo: { hasPreviousPage: true } },
      all: { edges: said.map((body) => ({ node: { body } })), totalCount: 3 },
      number: { totalCount: 3 },
      few: { totalCount: 3, nodes: [nested, nested] },
    });
  });

  test('parts that directives exclude', async () => {
    const selection = 'comments(first: 1) { totalCount @skip(if: $few) nodes @include(if: $few) { body } }';
    expect(await read(selection, { few: true })).toEqual({ comments: { nodes: [{ body: said[0] }] } });
    expect(await read(selection, { few: false })).toEqual({ comments: { totalCount: 3 } });
  });

  test('the list of a task that was just changed', async () => {
    const { updateTask } = await ada.query<{ updateTask: unknown }>(
      `mutation ($id: ID!) { updateTask(input: { id: $id, title: "Looked at from all sides" }) {
         task { comments(last: 2) { nodes { body } totalCount } } } }`,
      { id: task },
    );
    expect(updateTask).toEqual({
      task: { comments: { nodes: said.slice(1).map((body) => ({ body })), totalCount: 3 } },
    });
  });

  test('a task without comments', async () => {
    const quiet = await ada.createTask('Quiet');
    expect(await commentsOf(quiet)).toEqual({
      bodies: [],
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
  });
});
