import { getIntrospectionQuery, parse } from 'graphql';
import { expect, test } from 'vitest';
import { SerializedData } from '../../../server/graphql/execution/execute-query.ts';
import { withIntrospectionCache } from '../../../server/graphql/with-introspection-cache.ts';

/** @returns how often each document is executed if all are requested twice. */
async function runs(...documents: string[]): Promise<number[]> {
  const ran = new Map<object, number>();
  const execute = withIntrospectionCache(({ document }) => {
    ran.set(document, (ran.get(document) ?? 0) + 1);
    return { data: new SerializedData('{"__schema":{}}') as never };
  });
  const parsed = documents.map((text) => parse(text));
  for (const document of [...parsed, ...parsed]) {
    const { data } = await execute({ schema: undefined as never, document });
    expect((data as unknown as SerializedData).text).toBe('{"__schema":{}}');
  }
  return parsed.map((document) => ran.get(document) ?? 0);
}

test('repeated introspection queries get the cached answer (M6)', async () => {
  expect(await runs(getIntrospectionQuery(), '{ __type(name: "Task") { name } __typename }')).toEqual([1, 1]);
});

test('other selections and variables are executed each time (M6)', async () => {
  expect(
    await runs(
      '{ __typename viewer { id } }',
      'query ($name: String!) { __type(name: $name) { name } }',
      'mutation { __typename }',
      '{ ...F } fragment F on Query { __typename }',
    ),
  ).toEqual([2, 2, 2, 2]);
});
