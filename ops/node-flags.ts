import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  scripts: { start: string };
};

/** Node's memory flags from the script `start`, for commands that start a server process. */
export const NODE_FLAGS: readonly string[] = scripts.start.match(/--(?:max|heap)-[\w=-]+/g) ?? [];
