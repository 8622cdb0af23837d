import { fromString, toUUID } from 'typeid-js';
import { describe, expect, test } from 'vitest';
import { createCreationIds } from '../../client/src/lib/api/creation-id.ts';
import { changesOf, differences, draftOf } from '../../client/src/lib/task/task-draft.ts';

const draft = draftOf({
  title: 'Book the train',
  description: '',
  status: 'TODO',
  priority: 'LOW',
  dueOn: '2026-11-30',
  team: null,
  assignee: null,
});

describe('editing a task', () => {
  test('sends only changed fields, so that another person’s edit of another field survives', () => {
    expect(changesOf(draft, { ...draft, priority: 'HIGH' })).toEqual({ priority: 'HIGH' });
    expect(changesOf(draft, { ...draft })).toEqual({});
  });

  test('sends a cleared due date as null, and a cleared description as empty', () => {
    expect(changesOf(draft, { ...draft, dueOn: '' })).toEqual({ dueOn: null });
    expect(changesOf({ ...draft, description: 'x' }, draft)).toEqual({ description: '' });
  });

  test('sends an empty team and assignee as null', () => {
    const placed = { ...draft, teamId: 'team_1', assigneeId: 'user_1' };
    expect(changesOf(placed, draft)).toEqual({ teamId: null, assigneeId: null });
    expect(changesOf(draft, placed)).toEqual({ teamId: 'team_1', assigneeId: 'user_1' });
  });

  test('lists differences in the order of the form', () => {
    expect(differences(draft, { ...draft, dueOn: '', title: 'Book a seat' })).toEqual(['title', 'dueOn']);
  });
});

describe('adding a task', () => {
  test('[BR-10] its id is a TypeID: a UUID of version 7 with the current time', () => {
    const before = Date.now();
    const uuid = toUUID(fromString(createCreationIds('task').idFor({}), 'task'));
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const made = Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16);
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made).toBeLessThanOrEqual(Date.now());
  });

  test('[BR-10] the same content keeps its id until the creation is confirmed; other content gets another id', () => {
    const ids = createCreationIds('task');
    const first = ids.idFor({ title: 'Call Grace' });
    expect(first).toMatch(/^task_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(ids.idFor({ title: 'Call Grace' })).toBe(first);
    expect(ids.idFor({ title: 'Call Ada' })).not.toBe(first);
    const confirmed = ids.idFor({ title: 'Call Ada' });
    ids.done();
    expect(ids.idFor({ title: 'Call Ada' })).not.toBe(confirmed);
  });
});
