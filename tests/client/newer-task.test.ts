import { expect, test } from 'vitest';
import { newerOf } from '../../client/src/lib/task/newer-task.ts';

const read = { id: 'task_1', version: 4, title: 'Order paper' };

test('a changed task shows until the list contains the change', () => {
  const answered = { ...read, version: 5, title: 'Order recycled paper' };
  expect(newerOf(read, answered)).toBe(answered);
  expect(newerOf({ ...read, version: 5 }, answered)).not.toBe(answered);
  expect(newerOf({ ...read, version: 6, title: 'Order nothing' }, answered).title).toBe('Order nothing');
});

test('an unchanged task shows as in the list', () => {
  expect(newerOf(read, undefined)).toBe(read);
});
