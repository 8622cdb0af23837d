import { expect, test } from 'vitest';
import { searchedTexts } from '../kit/searched-texts.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { people } = await startWorld();

interface Part {
  text: string;
  matched: boolean;
}
type Highlights = { title: Part[]; description: Part[] } | null;

const FIELDS = 'title highlights(query: $query) { title { text matched } description { text matched } }';

async function listed(person: Person, query: string): Promise<{ title: string; highlights: Highlights }[]> {
  const { tasks } = await person.query<{ tasks: { nodes: { title: string; highlights: Highlights }[] } }>(
    `query ($query: String!) { tasks(filter: { text: $query }, first: 100) { nodes { ${FIELDS} } } }`,
    { query },
  );
  return tasks.nodes;
}

/** Matched words are in brackets. */
const shown = (parts: Part[] = []) =>
  parts.map(({ text, matched }) => (matched ? `[${text}]` : text)).join('');

test('highlights in a title match every spelling of the search words (M16)', async () => {
  const { ada } = await people('Ada');
  for (const { text } of searchedTexts) await ada.createTask(text);
  for (const { text, found } of searchedTexts) {
    for (const query of found) {
      const title = (await listed(ada, query)).find((task) => task.title === text)?.highlights?.title ?? [];
      expect(title.map((part) => part.text).join(''), query).toBe(text);
      expect(
        title.some(({ matched }) => matched),
        `${query} in ${text}`,
      ).toBe(true);
    }
  }
});

test('highlights in a description are for words that the title lacks (M16)', async () => {
  const { bob } = await people('Bob');
  const description = `${'paper '.repeat(400)}and Straße 👩‍🚀 in 会議資料 ${'filling '.repeat(400)}`;
  await bob.createTask('Order paper', { description });
  const marks = async (query: string) => {
    const [task] = await listed(bob, query);
    const { title, description } = task?.highlights ?? { title: [], description: [] };
    return [shown(title), description.flatMap(({ text, matched }) => (matched ? [text] : []))];
  };
  expect(await marks('PAPER')).toEqual(['Order [paper]', []]);
  expect(await marks('paper STRASSE')).toEqual(['Order [paper]', ['Straße']]);
  expect(await marks('strass')).toEqual(['Order paper', ['Straße']]);
  expect(await marks('👩‍🚀')).toEqual(['Order paper', ['👩‍🚀']]);
  expect(await marks('資料')).toEqual(['Order paper', ['資料']]);
  const [task] = await listed(bob, 'strasse');
  expect(shown(task?.highlights?.description).length).toBeLessThan(200);
});

test('a task that is read by id, and one without the words, have highlights in the same form (M16)', async () => {
  const { eve } = await people('Eve');
  const id = await eve.createTask('Order paper', { description: 'For the printer' });
  const read = async (query: string) => {
    const { task } = await eve.query<{ task: { highlights: Highlights } }>(
      `query ($id: ID!, $query: String!) { task(id: $id) { ${FIELDS} } }`,
      { id, query },
    );
    return task.highlights && [shown(task.highlights.title), shown(task.highlights.description)];
  };
  expect(await read('ord print')).toEqual(['Order paper', 'For the [printer]']);
  expect(await read('scissors')).toEqual(['Order paper', '']);
  expect(await read(' ! ')).toBeNull();
  await expect(read('🧵'.repeat(201))).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    extensions: { field: 'query' },
  });
  expect(await read('🧵'.repeat(200))).toEqual(['Order paper', '']);
});
