import { writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './index.ts';

/** The schema as it is committed and served: sorted, so that a change shows as a change. */
export const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;

if (import.meta.main) await writeFile(new URL('schema.graphql', import.meta.url), printed);
