// Part of `npm run check`: the committed schema must match the code.
import { readFileSync } from 'node:fs';
import { printed } from '../schema/print.ts';

if (readFileSync(new URL('../schema/schema.graphql', import.meta.url), 'utf8') !== printed) {
  console.error('schema/schema.graphql is outdated. Run `npm run schema:print`.');
  process.exitCode = 1;
}
