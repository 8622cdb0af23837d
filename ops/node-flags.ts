import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  scripts: { start: string };
};

/** What `npm start` tells Node of memory, for those who start the server by themselves. */
export const NODE_FLAGS: readonly string[] = scripts.start.match(/--(?:max|heap)-[\w=-]+/g) ?? [];
