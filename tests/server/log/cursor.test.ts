import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import {
  decodeCursor,
  encodeCursor,
  isAfter,
  rememberEpoch,
  type LogCursor,
} from '../../../server/log/cursor.ts';
import { freshDatabase } from '../../kit/database.ts';

const at = (transactionId: bigint, sequence: bigint) => ({ transactionId, sequence, nonce: 1 });

describe('[FR-022] events after a cursor', () => {
  const plain: LogCursor = { ...at(20n, 5n), horizon: null };
  const withInFlight: LogCursor = { ...at(20n, 5n), horizon: 12n, inFlight: [12n, 15n] };
  const withTooManyInFlight: LogCursor = { ...at(20n, 5n), horizon: 12n };

  test.each([
    ['its own event', plain, at(20n, 5n), false],
    ['its own event, with others in flight', withInFlight, at(20n, 5n), false],
    ['an earlier one of its transaction', withInFlight, at(20n, 4n), false],
    ['a later one of its transaction', withInFlight, at(20n, 6n), true],
    ['one of a later transaction with an earlier sequence', withInFlight, at(21n, 1n), true],
    ['one of an earlier transaction', plain, at(19n, 9n), false],
    ['one that was in flight', withInFlight, at(15n, 9n), true],
    ['one between those in flight, which had ended', withInFlight, at(14n, 9n), false],
    ['one before all in flight', withInFlight, at(11n, 9n), false],
    ['any from the horizon on, if too many were in flight to list', withTooManyInFlight, at(14n, 9n), true],
    ['one before the horizon, if too many were in flight to list', withTooManyInFlight, at(11n, 9n), false],
  ])('%s', (_what, cursor, event, expected) => {
    expect(isAfter(event, cursor)).toBe(expected);
  });
});

test('[FR-022] a cursor can be read in its epoch only', async () => {
  const db = connect(await freshDatabase());
  onTestFinished(() => disconnect(db));
  rememberEpoch(db, 'aaaaaaaa');
  const cursors: LogCursor[] = [
    { ...at(20n, 5n), horizon: null, inFlight: undefined },
    { ...at(20n, 5n), horizon: 12n, inFlight: [12n, 15n] },
    { transactionId: 2n ** 62n, sequence: 2n ** 63n - 1n, nonce: null, horizon: 7n, inFlight: undefined },
  ];
  const texts = await Promise.all(cursors.map((cursor) => encodeCursor(db, cursor)));
  for (const [n, text] of texts.entries()) expect(await decodeCursor(db, text)).toEqual(cursors[n]);
  rememberEpoch(db, 'bbbbbbbb');
  for (const text of texts)
    await expect(decodeCursor(db, text)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
});
