import { isObjectType } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { giveShare } from '../kit/shares.ts';
import { statementsOf } from '../kit/statements.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld();
const { ada, bob } = await world.people('Ada', 'Bob');

/** Long texts, secrets, and columns that the API never shows. */
const COLUMNS = /\b(description|body|content|tool_calls|image|slug|hash|password|words)\b/g;
const READS = /^\s*(?:\/\*.*?\*\/\s*)?(?:SELECT|WITH)\b/s;
const CHANGES = /\b(?:INSERT|UPDATE|DELETE)\b/;

/** The columns among these that the statements of a document read. */
async function readBy(document: string, variables: object): Promise<string[]> {
  const statements = await statementsOf(() => ada.query(document, { ...variables }));
  const reads = statements.filter((text) => READS.test(text) && !CHANGES.test(text));
  expect(reads, document).not.toEqual([]);
  return [...new Set(reads.flatMap((text) => text.match(COLUMNS) ?? []))];
}

const task = await ada.createTask('Fence');
const share = await giveShare(ada, bob, task);
const { createTeam } = await ada.query<{ createTeam: { team: { id: string } } }>(
  'mutation { createTeam(input: { name: "Garden", description: "Ours" }) { team { id } } }',
);
const { addComment } = await ada.query<{ addComment: { comment: { id: string } } }>(
  `mutation { addComment(input: { taskId: "${task}", body: "Mind the gate" }) { comment { id } } }`,
);
const { createConversation } = await ada.query<{ createConversation: { conversation: { id: string } } }>(
  `mutation { createConversation(input: { title: "Talk", participantIds: ["${bob.id}"] }) { conversation { id } } }`,
);
const conversation = createConversation.conversation.id;
const { sendMessage } = await ada.query<{ sendMessage: { message: { id: string } } }>(
  `mutation { sendMessage(input: { conversationId: "${conversation}", content: "Hello" }) { message { id } } }`,
);
const ids = {
  task,
  team: createTeam.team.id,
  share,
  comment: addComment.comment.id,
  message: sendMessage.message.id,
  conversation,
};
const all = Object.values(ids);

test.each([
  '{ viewer { name } }',
  '{ viewer { name invitations { nodes { teamName } } apiTokens { nodes { name } } } }',
  `{ task(id: "${ids.task}") { title owner { name } parent { title } subtasks { nodes { title } } } }`,
  `{ task(id: "${ids.task}") { shares { nodes { sharedWith { name } } } comments { nodes { author { name } } } } }`,
  '{ tasks { nodes { title assignee { name } team { name } viewerCan { edit } } totalCount } }',
  '{ tasks { nodes { title parent { title } comments(last: 1) { nodes { id } } } } }',
  '{ tasks { nodes { a: shares(first: 1) { nodes { id } } b: shares(last: 1) { nodes { task { title } } } } } }',
  `{ node(id: "${ids.task}") { id ... on Task { title } } }`,
  `query ($all: [ID!]!) { nodes(ids: $all) { id ... on Comment { task { title } } ... on Message { author { name } } } }`,
  '{ teams { nodes { name owner { name } members { nodes { user { name } } } } } }',
  `{ team(id: "${ids.team}") { name viewerRole viewerCan { update } } }`,
  '{ conversations { nodes { title owner { name } participants { nodes { name } } messages { nodes { author { name } } } } } }',
  '{ activity { nodes { kind actor { name } task { title } subject { id } team { name } } } }',
  '{ sessions { id } }',
  `mutation { createTask(input: { title: "Gate" }) { task { title owner { name } } } }`,
  `mutation { createTasks(input: { tasks: [{ title: "Post" }] }) { tasks { title } } }`,
  `mutation { updateViewer(input: { timezone: "UTC" }) { viewer { name } } }`,
  `mutation { addComment(input: { taskId: "${ids.task}", body: "Again" }) { comment { author { name } } } }`,
  `mutation { sendMessage(input: { conversationId: "${conversation}", content: "Again" }) { message { id } } }`,
  `mutation { updateShare(input: { id: "${ids.share}", permission: EDIT }) { share { task { title } } } }`,
  `mutation { createTask(input: { title: "Nail", parentId: "${ids.task}" }) { task { parent { title } } } }`,
])('[BR-19] columns that are not selected are not read (H4): %s', async (document) => {
  expect(await readBy(document, document.includes('$all') ? { all } : {})).toEqual([]);
});

test.each([
  ['{ tasks { nodes { description } } }', ['description']],
  ['{ tasks { nodes { title parent { description } } } }', ['description']],
  [`{ node(id: "${ids.comment}") { ... on Comment { body } } }`, ['body']],
  ['{ teams { nodes { slug } } }', ['slug']],
])('selected columns are read (H4): %s', async (document, columns) => {
  expect(await readBy(document, {})).toEqual(columns);
});

test('[BR-19] every Prisma type has a minimal selection, so that other columns are not read (H4)', () => {
  const read = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ extensions }) => extensions['pothosPrismaModel'] !== undefined);
  expect(read.length).toBeGreaterThan(10);
  for (const { name, extensions } of read)
    expect(extensions['pothosPrismaSelect'], name).toEqual(
      name === 'ConversationOffer' ? { conversationId: true, userId: true } : { id: true },
    );
});
