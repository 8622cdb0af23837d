import { cursorAt, encodeCursor } from '../../server/log/cursor.ts';
import { builder } from './builder.ts';

builder.queryField('cursor', (t) =>
  t.string({
    description:
      'Log cursor from before all other fields of this operation were read. A subscription with `after` set to it misses nothing; changes made during the operation may be delivered again.',
    resolve: (_root, _args, { db, snapshot: seen }) => encodeCursor(db, cursorAt(seen)),
  }),
);
