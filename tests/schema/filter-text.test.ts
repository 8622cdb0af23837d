import { expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;

interface Parsed {
  filter: object | null;
  text: string | null;
  errors: { code: string; message: string; offset: number; length: number }[];
}

async function parse(person: Person, text: string): Promise<Parsed> {
  const data = await person.query<{ parseTaskFilter: Parsed }>(
    'query ($text: String!) { parseTaskFilter(text: $text) { filter text errors { code message offset length } } }',
    { text },
  );
  return data.parseTaskFilter;
}

async function titles(person: Person, filterText: string, filter?: object): Promise<string[]> {
  const { tasks } = await person.query<{ tasks: { nodes: { title: string }[] } }>(
    'query ($filterText: String, $filter: TaskFilter) { tasks(filterText: $filterText, filter: $filter) { nodes { title } } }',
    { filterText, filter },
  );
  return tasks.nodes.map(({ title }) => title).sort();
}

test('a person filters tasks by text, alone and with a filter', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const { slug } = await world.db.team.findUniqueOrThrow({ where: { id: uuidOf('Team', team.id) } });
  await ada.createTask('Pay the invoice', { dueOn: '2020-01-01', labels: ['money'] });
  await ada.createTask('Call the bank', { priority: 'HIGH', labels: ['money', 'waiting'] });
  await ada.createTask('Weed the beds', { teamId: team.id, assigneeId: bob.id, status: 'DONE' });

  expect(await titles(ada, 'is:overdue text:invoice')).toEqual(['Pay the invoice']);
  expect(await titles(ada, 'label:money -label:waiting')).toEqual(['Pay the invoice']);
  expect(await titles(ada, 'label:money', { priority: { eq: 'HIGH' } })).toEqual(['Call the bank']);
  expect(await titles(ada, `team:${slug} assignee:"${bob.email.toUpperCase()}"`)).toEqual(['Weed the beds']);
  expect(await titles(bob, 'assignee:me')).toEqual(['Weed the beds']);
  expect(await titles(ada, '')).toHaveLength(3);

  expect(await parse(ada, `Team:${slug}  AND (assignee:me)`)).toEqual({
    filter: { team: { eq: team.id }, assignee: { eq: ada.id } },
    text: `team:${slug} assignee:me`,
    errors: [],
  });
});

test('names that a person does not see are unknown, whether they exist or not', async () => {
  const { ada, mallory } = await people('Ada', 'Mallory');
  const team = await teamOf(ada, []);
  const { slug } = await world.db.team.findUniqueOrThrow({ where: { id: uuidOf('Team', team.id) } });
  const words = (parsed: Parsed) => parsed.errors.map(({ code, offset, length }) => [code, offset, length]);
  expect(words(await parse(mallory, `team:${slug}`))).toEqual([['UNKNOWN_TEAM', 5, slug.length]]);
  expect(words(await parse(mallory, 'team:no-such-team'))).toEqual([['UNKNOWN_TEAM', 5, 12]]);
  expect(words(await parse(mallory, `owner:${ada.email}`))).toEqual([
    ['UNKNOWN_PERSON', 6, ada.email.length],
  ]);
  expect(words(await parse(mallory, 'owner:no@example.com'))).toEqual([['UNKNOWN_PERSON', 6, 14]]);
  await expect(titles(mallory, `is:open team:${slug}`)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    extensions: { field: 'filterText', offset: 13, length: slug.length },
  });
});

test('a day is one in the time zone of the person', async () => {
  const { ada } = await people('Ada');
  const dayIn = (timeZone: string) => new Date().toLocaleDateString('sv-SE', { timeZone });
  for (const timezone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
    await ada.query(
      'mutation ($timezone: String!) { updateViewer(input: { timezone: $timezone }) { cursor } }',
      {
        timezone,
      },
    );
    expect((await parse(ada, 'due:today')).filter).toEqual({ dueOn: { eq: dayIn(timezone) } });
  }
});

test('an invalid text is refused with its errors, and costs little', async () => {
  const { ada } = await people('Ada');
  expect(await parse(ada, 'status:opne due:<soon')).toMatchObject({
    filter: null,
    text: null,
    errors: [
      { code: 'INVALID_VALUE', offset: 7, length: 4 },
      { code: 'INVALID_VALUE', offset: 17, length: 4 },
    ],
  });
  for (const text of ['('.repeat(1_001), 'is:open '.repeat(1_000), '"', '-('.repeat(400), 'label:\ud83e'])
    expect(await outcome(titles(ada, text)), text.slice(0, 20)).toBe('VALIDATION_FAILED');
});
