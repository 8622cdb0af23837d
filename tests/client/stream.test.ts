import { expect, test } from 'vitest';
import { historyWords } from '../../client/src/lib/activity/history-words.ts';
import { plainSentence, sentenceOf } from '../../client/src/lib/activity/event-words.ts';
import { momentWords } from '../../client/src/lib/ui/moment-words.ts';
import { quotation } from '../../client/src/lib/task-page/comment.ts';
import { firstNew } from '../../client/src/lib/task-page/last-look.ts';
import { mergedStream } from '../../client/src/lib/task-page/stream.ts';

const at = (...hours: number[]) => hours.map((hour) => ({ at: `2026-11-30T${hour}:00:00.000Z` }));

test('a person sees no gap in a stream of two lists that are loaded in part', () => {
  const comments = { hasMore: true, entries: at(20, 18, 16) };
  const events = { hasMore: true, entries: at(19, 12, 11) };
  expect(mergedStream([comments, events])).toEqual({
    entries: at(16, 18, 19, 20),
    hasMore: true,
    limiting: [0],
  });
  expect(mergedStream([{ ...comments, hasMore: false }, events])).toEqual({
    entries: at(11, 12, 16, 18, 19, 20),
    hasMore: true,
    limiting: [1],
  });
  expect(mergedStream([{ hasMore: false, entries: [] }])).toEqual({
    entries: [],
    hasMore: false,
    limiting: [],
  });
});

test('what others did since a person looked is new, and nothing on the first visit', () => {
  const entries = [
    { id: 'a', at: '1', actorId: 'bob' },
    { id: 'b', at: '3', actorId: 'ada' },
    { id: 'c', at: '4', actorId: undefined },
  ];
  expect(firstNew(entries, '2', 'ada')).toBe('c');
  expect(firstNew(entries, '4', 'ada')).toBeUndefined();
  expect(firstNew(entries, undefined, 'ada')).toBeUndefined();
});

test('a quoted comment keeps its lines, and leaves room for the answer', () => {
  expect(quotation('One\n\n> two')).toBe('> One\n>\n> > two\n\n');
});

test('a person reads in a sentence what an event did', () => {
  expect(historyWords('TASK_CREATED', [])).toBe('created {task}');
  expect(historyWords('TASK_UPDATED', [])).toBe('edited {task}');
  expect(historyWords('TASK_COMPLETED', [{ field: 'status', after: 'DONE' }])).toBe('completed {task}');
  const changes = [
    { field: 'status', after: 'IN_PROGRESS' },
    { field: 'priority', after: 'NONE' },
    { field: 'dueOn', after: '2026-12-03' },
  ];
  expect(historyWords('TASK_UPDATED', changes)).toBe(
    'set the status to In progress, removed the priority and set the due date to 3 Dec 2026',
  );
  const named = [
    { field: 'team', after: null, afterName: 'Garden' },
    { field: 'assignee', after: null, afterName: 'Bob' },
  ];
  expect(historyWords('TASK_UPDATED', named)).toBe('moved {task} to Garden and assigned it to Bob');
  expect(historyWords('TASK_UPDATED', [{ field: 'archived', after: 'true' }])).toBe('archived {task}');
  expect(historyWords('TASK_UPDATED', [{ field: 'sprint', after: 'x' }])).toBe('edited {task}');
});

const NO_EVENT = {
  id: '1',
  at: '',
  through: null,
  person: null,
  team: null,
  task: null,
  subject: null,
  changes: [],
  refusal: null,
};
const ADA = { id: 'user_ada', name: 'Ada' };
const TASK = { id: 'task_1', title: 'Pay rent' };

test('a person reads who did what, with links to what they can see', () => {
  const completed = { ...NO_EVENT, kind: 'TASK_COMPLETED' as const, actor: ADA, task: TASK };
  expect(sentenceOf(completed, 'user_bob')).toContainEqual({ name: 'Pay rent', href: '/t/task_1' });
  expect(plainSentence(sentenceOf(completed, 'user_bob'))).toBe('Ada completed Pay rent');
  expect(plainSentence(sentenceOf(completed, 'user_ada', { isOnTask: true }))).toBe('You completed the task');
  const hidden = { ...completed, actor: null, task: null };
  expect(plainSentence(sentenceOf(hidden, 'user_bob'))).toBe('Someone completed a task');
  const changes = [{ field: 'priority', before: 'LOW', after: 'HIGH', afterObject: null }];
  const updated = { ...completed, kind: 'TASK_UPDATED' as const, changes };
  expect(plainSentence(sentenceOf(updated, undefined))).toBe('Ada set the priority to High on Pay rent');
});

test('a person reads when something happened by their own clock', () => {
  const today = '2026-11-30';
  expect(momentWords('2026-11-29T23:05:00Z', 'Europe/Berlin', today)).toBe('00:05');
  expect(momentWords('2026-11-29T22:05:00Z', 'Europe/Berlin', today)).toBe('yesterday at 23:05');
  expect(momentWords('2026-11-12T08:05:00Z', 'UTC', today)).toBe('12 Nov at 08:05');
  expect(momentWords('2025-11-12T08:05:00Z', 'UTC', today)).toBe('12 Nov 2025 at 08:05');
});
