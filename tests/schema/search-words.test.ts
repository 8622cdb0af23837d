import { expect, test } from 'vitest';
import { startWorld } from '../kit/world.ts';

const { db, people } = await startWorld();

test('the server and the database produce the same search words (SEARCH-CASE)', async () => {
  for (const name of ['set_task_words', 'set_comment_words', 'set_message_words']) {
    await db.$executeRawUnsafe(
      `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'made by ${name}'; END $$`,
    );
  }
  const { ada } = await people('Ada');
  const { createTask } = await ada.query<{ createTask: { task: { id: string } } }>(
    `mutation { createTask(input: { title: "Café über 会議資料 🚀Launch", description: "Straße 1e5a v1.24" }) { task { id } } }`,
  );
  const { id } = createTask.task;
  await ada.query(`mutation { createTasks(input: { tasks: [
    { title: "Écrire", parentId: "${id}", dueOn: "2026-12-01", labels: ["a b"], status: IN_PROGRESS },
    { title: "İğne", description: "Ordner/Größe", status: DONE }] }) { cursor } }`);
  await ada.query(`mutation { createTask(input: { title: "Ecole", parentId: "${id}" }) { cursor } }`);
  await ada.query(`mutation { updateTask(input: { id: "${id}", priority: HIGH }) { cursor } }`);
  await ada.query(`mutation { updateTask(input: { id: "${id}", description: "Grüße, naïve" }) { cursor } }`);
  const { addComment } = await ada.query<{ addComment: { comment: { id: string } } }>(
    `mutation { addComment(input: { taskId: "${id}", body: "Très bien" }) { comment { id } } }`,
  );
  await ada.query(
    `mutation { updateComment(input: { id: "${addComment.comment.id}", body: "Très, très bien" }) { cursor } }`,
  );
  const { createConversation } = await ada.query<{ createConversation: { conversation: { id: string } } }>(
    `mutation { createConversation(input: { title: "Plan" }) { conversation { id } } }`,
  );
  const conversationId = createConversation.conversation.id;
  await ada.query(
    `mutation { sendMessage(input: { conversationId: "${conversationId}", content: "مرحبا Łódź" }) { cursor } }`,
  );

  const rows = await db.$queryRaw`
    SELECT * FROM (SELECT title AS text, words = search_words(title, 'A', 'C') || search_words(description, 'B', 'D') AS "isSame" FROM tasks
    UNION ALL SELECT body, words = search_words(body, 'B', 'D') FROM comments
    UNION ALL SELECT content, words = search_words(content, 'B', 'D') FROM messages) AS written
    ORDER BY text COLLATE "C"`;
  expect(rows).toEqual(
    ['Café über 会議資料 🚀Launch', 'Ecole', 'Très, très bien', 'Écrire', 'İğne', 'مرحبا Łódź'].map(
      (text) => ({
        text,
        isSame: true,
      }),
    ),
  );
});
