import { expect, test } from 'vitest';
import { uuidOf } from '../../../../server/ids.ts';
import { ownFieldsOf } from '../../../kit/own-fields.ts';
import { startWorld } from '../../../kit/world.ts';

const { db, people } = await startWorld();
const { ada, bob } = await people('Ada', 'Bob');
const [adaId, bobId] = [uuidOf('User', ada.id), uuidOf('User', bob.id)];

const ODD_TEXTS = [
  'plain',
  'a "b" \\c/',
  'tab\tline\nend\u001f',
  '“Ünï” 😀 \u2028 \u007f',
  '{"a":[1,null]}',
  ',',
];
const MOMENTS = ['0099-05-01T10:00:00.001Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.000Z'];

const person = '{ id name email timezone createdAt updatedAt }';

const TASKS = `tasks(first: 20, orderBy: [{ field: TITLE }]) DIRECTIVE { totalCount pageInfo { endCursor hasNextPage } edges { cursor } nodes {
  __typename ${ownFieldsOf('Task').join(' ')} owner ${person} assignee ${person} team { id name slug description createdAt updatedAt }
  viewerCan { edit delete }
  shares(first: 2) { nodes { id permission expiresAt createdAt updatedAt sharedWith ${person} sharedBy { name } } pageInfo { endCursor } }
} }`;

const CONVERSATIONS = `conversations(first: 20) DIRECTIVE { nodes {
  id title createdAt updatedAt owner ${person} viewerCan { rename }
  messages(last: 20) { nodes { id role content toolCalls createdAt author { id name } } edges { cursor } }
} }`;

test.each([
  ['tasks', TASKS],
  ['conversations', CONVERSATIONS],
])('a list of %s has the same answer from rows and from resolvers', async (_what, list) => {
  const teamId = '0193c5a0-1f00-7c3e-9a52-6d1f0b7e4a10';
  await db.team.upsert({
    where: { id: teamId },
    update: {},
    create: {
      id: teamId,
      name: 'Garden "A"',
      slug: 'garden-a',
      memberships: { create: { userId: adaId, role: 'OWNER' } },
    },
  });
  for (const [n, text] of ODD_TEXTS.entries()) {
    const at = new Date(MOMENTS[n % MOMENTS.length] ?? 0);
    await db.task.create({
      data: {
        title: text,
        description: text.repeat(n),
        labels: ODD_TEXTS.slice(0, n % 3),
        dueOn: n % 2 ? new Date('2027-01-31') : null,
        status: n % 3 ? 'TODO' : 'DONE',
        completedAt: n % 3 ? null : at,
        priority: n % 2 ? 'URGENT' : 'NONE',
        ownerId: adaId,
        assigneeId: n === 2 ? bobId : null,
        teamId: n === 4 ? teamId : null,
        createdAt: at,
        updatedAt: at,
        shares: { create: { sharedWithId: bobId, sharedById: adaId, permission: n % 2 ? 'EDIT' : 'VIEW' } },
      },
    });
    await db.conversation.create({
      data: {
        title: text,
        ownerId: adaId,
        createdAt: at,
        participants: { create: [{ userId: adaId }, { userId: bobId }] },
        messages: {
          create: ODD_TEXTS.map((content, m) => ({
            content,
            role: m % 2 ? 'USER' : 'TOOL',
            authorId: m % 2 ? bobId : null,
            createdAt: new Date(at.getTime() + m),
            ...(m % 2 ? {} : { toolCalls: [null, text, { [text]: m }] }),
          })),
        },
      },
    });
  }
  const said = await ada.query(`{ ${list.replace('DIRECTIVE', '')} }`);
  // A directive makes the query run in an executor that calls each resolver.
  const asked = await ada.query(`{ ${list.replace('DIRECTIVE', '@include(if: true)')} }`);
  expect(JSON.stringify(said)).toContain('Ünï');
  expect(said).toEqual(asked);
});
