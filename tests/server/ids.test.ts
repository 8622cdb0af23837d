import { randomUUID } from 'node:crypto';
import { fromUUID } from 'typeid-js';
import { describe, expect, test } from 'vitest';
import { ValidationFailed } from '../../server/errors.ts';
import { isVersion7, newId, parseId, publicId, uuidOf } from '../../server/ids.ts';

// Examples of the TypeID specification.
const known = [
  ['00000000-0000-0000-0000-000000000000', '00000000000000000000000000'],
  ['ffffffff-ffff-ffff-ffff-ffffffffffff', '7zzzzzzzzzzzzzzzzzzzzzzzzz'],
  ['01890a5d-ac96-774b-bcce-b302099a8057', '01h455vb4pex5vsknk084sn02q'],
] as const;

describe('an id', () => {
  test.each(known)('of the row %s is task_%s', (uuid, spelled) => {
    expect(publicId('Task', uuid)).toBe(`task_${spelled}`);
    expect(uuidOf('Task', `task_${spelled}`)).toBe(uuid);
    expect(parseId(`user_${spelled}`)).toEqual({ type: 'User', uuid });
  });

  test('converts back to the same row, for every type', () => {
    for (let n = 0; n < 1_000; n += 1) {
      const uuid = n % 2 === 0 ? newId() : randomUUID();
      expect(publicId('Task', uuid)).toBe(fromUUID(uuid, 'task'));
      expect(parseId(publicId('Task', uuid))).toEqual({ type: 'Task', uuid });
      expect(uuidOf('User', publicId('User', uuid))).toBe(uuid);
    }
  });

  test('has version 7 and the current time, and is unique', () => {
    const ids = Array.from({ length: 1_000 }, newId);
    for (const id of ids) {
      expect(isVersion7(id)).toBe(true);
      const madeAt = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
      expect(Math.abs(madeAt - Date.now())).toBeLessThan(5_000);
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(isVersion7(randomUUID())).toBe(false);
  });

  test('has only one spelling', () => {
    const id = publicId('Task', '01890a5d-ac96-774b-bcce-b302099a8057');
    for (const other of [
      id.toUpperCase(),
      id.replace('_', '__'),
      `_${id}`,
      ` ${id}`,
      `${id} `,
      `${id}\n`,
      id.slice(0, -1),
      `${id}0`,
      id.replace('0', 'o'),
      id.replace('task', 'Task'),
      `task_8${'z'.repeat(25)}`,
      `my_${id}`,
      'task',
      'task_',
      '_',
      '',
      '01890a5d-ac96-774b-bcce-b302099a8057',
    ]) {
      expect(() => uuidOf('Task', other), other).toThrow(ValidationFailed);
      expect(() => parseId(other), other).toThrow(ValidationFailed);
    }
  });

  test('of another type is rejected with an example of the right one', () => {
    const user = publicId('User', newId());
    expect(() => uuidOf('Task', user)).toThrow(/is not the id of a task. Use an id such as task_0/);
    expect(() => uuidOf('Task', user, 'parent')).toThrow(
      expect.objectContaining({ details: { field: 'parent' } }),
    );
  });

  test('that is very long is quoted in part', () => {
    for (const read of [parseId, (id: string) => uuidOf('Task', id)]) {
      try {
        read('x'.repeat(100_000));
        expect.unreachable();
      } catch (error) {
        expect((error as Error).message.length).toBeLessThan(200);
      }
    }
  });
});
