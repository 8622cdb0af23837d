import { cursorAt, encodeCursor } from '../../server/log/cursor.ts';
import { builder } from './builder.ts';

builder.queryField('cursor', (t) =>
  t.string({
    description:
      'The log’s position ahead of everything else that this operation reads. Who subscribes after it has no hole between the answer and the first payload; what happened in between may come once more.',
    resolve: (_root, _args, { db, snapshot: seen }) => encodeCursor(db, cursorAt(seen)),
  }),
);
