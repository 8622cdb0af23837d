import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { giveShare } from '../kit/shares.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

async function labels(person: Person, args = ''): Promise<[label: string, count: number][]> {
  const data = await person.query<{ labels: { label: string; taskCount: number }[] }>(
    `{ labels${args && `(${args})`} { label taskCount } }`,
  );
  return data.labels.map(({ label, taskCount }) => [label, taskCount]);
}

describe('labels in use', () => {
  test('are those of the tasks that a person sees, the most frequent first', async () => {
    const { ada, bob, mallory } = await people('Ada', 'Bob', 'Mallory');
    const { id: teamId } = await teamOf(ada, [[bob, 'MEMBER']]);
    await ada.createTask('One', { labels: ['home', 'garden'] });
    await ada.createTask('Two', { labels: ['home'], teamId });
    const shared = await ada.createTask('Three', { labels: ['gift'] });
    await giveShare(ada, bob, shared);
    expect(await labels(ada)).toEqual([
      ['home', 2],
      ['garden', 1],
      ['gift', 1],
    ]);
    expect(await labels(bob)).toEqual([
      ['gift', 1],
      ['home', 1],
    ]);
    expect(await labels(ada, `scope: { teamId: "${teamId}" }`)).toEqual([['home', 1]]);
    expect(await labels(mallory)).toEqual([]);
    expect(await outcome(labels(mallory, `scope: { teamId: "${teamId}" }`))).toBe('NOT_FOUND');
    await db.taskShare.updateMany({
      where: { taskId: uuidOf('Task', shared) },
      data: { expiresAt: new Date(0) },
    });
    expect(await labels(bob)).toEqual([['home', 1]]);
  });

  test('can be found by their beginning in any case, and limited', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('One', { labels: ['Garden', '100%', '100 m', 'été'] });
    await ada.createTask('Two', { labels: ['Garden'] });
    expect(await labels(ada, 'prefix: "gA"')).toEqual([['Garden', 2]]);
    expect(await labels(ada, 'prefix: "100%"')).toEqual([['100%', 1]]);
    expect(await labels(ada, 'prefix: "É"')).toEqual([['été', 1]]);
    expect(await labels(ada, 'first: 1')).toEqual([['Garden', 2]]);
    expect(await outcome(labels(ada, 'first: 101'))).toBe('VALIDATION_FAILED');
    expect(await outcome(labels(ada, `prefix: "${'x'.repeat(101)}"`))).toBe('VALIDATION_FAILED');
  });
});
