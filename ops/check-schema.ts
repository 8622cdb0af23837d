// A part of `npm run check`: the committed schema must be the one that the code says.
import { readFileSync } from 'node:fs';
import { printed } from '../schema/print.ts';

if (readFileSync(new URL('../schema/schema.graphql', import.meta.url), 'utf8') !== printed) {
  console.error('schema/schema.graphql is not what the code says; run `npm run schema:print`.');
  process.exitCode = 1;
}
