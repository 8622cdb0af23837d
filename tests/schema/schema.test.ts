import { readFile } from 'node:fs/promises';
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLArgument,
  type GraphQLNamedType,
} from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { printed } from '../../schema/print.ts';
import { startWorld } from '../kit/world.ts';

interface Described {
  name: string;
  description?: string | null | undefined;
}

/** Everything in the API that we named, by schema coordinate. */
function* everything(): Generator<[string, Described]> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    yield [type.name, type];
    yield* partsOf(type);
  }
}

function* partsOf(type: GraphQLNamedType): Generator<[string, Described]> {
  if (isEnumType(type)) {
    for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value];
  }
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field];
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield [`${type.name}.${field.name}`, field];
    yield* field.args.map((argument: GraphQLArgument): [string, Described] => [
      `${type.name}.${field.name}(${argument.name}:)`,
      argument,
    ]);
  }
}

/** The words of a name or a sentence, without stop words. */
function words(text: string): Set<string> {
  const small = new Set([
    'a',
    'an',
    'the',
    'of',
    'its',
    'is',
    'it',
    'this',
    'that',
    'to',
    'for',
    'and',
    'or',
  ]);
  const all =
    text
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(all.filter((word) => !small.has(word)).map((word) => word.replace(/s$/, '')));
}

test('the committed schema matches the code', async () => {
  expect(await readFile(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')).toBe(printed);
});

test('the schema is public at its own address', async () => {
  const { url } = await startWorld({ LOG_LEVEL: 'silent' });
  const answer = await fetch(`${url}/schema.graphql`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(await answer.text()).toBe(printed);
});

test('every description says more than the name', () => {
  const seen = [...everything()];
  expect(seen.length).toBeGreaterThan(100);
  const silent = seen
    .filter(([, { name, description }]) => {
      const said = words(description ?? '');
      return said.difference(words(name)).size === 0;
    })
    .map(([coordinate]) => coordinate);
  expect(silent).toEqual([]);
});

test('every description is a sentence', () => {
  const odd = [...everything()]
    .filter(([, { description }]) => !/^[A-Z`0-9].*[.`]$/su.test(description?.trim() ?? ''))
    .map(([coordinate]) => coordinate);
  expect(odd).toEqual([]);
});

test('every mutation has one input, or no arguments, and returns a payload', () => {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    expect(['', 'input'], field.name).toContain(field.args.map(({ name }) => name).join());
    expect(String(field.type), field.name).toMatch(/Payload!$/);
  }
});

test('[BR-12] no argument or input names the acting person', () => {
  const telling = /viewer|actor|^userId$|^ownerId$|createdBy/i;
  const inputs = [...everything()].filter(([coordinate]) => /Input\.|\(/.test(coordinate));
  const suspects = inputs.filter(([, { name }]) => telling.test(name)).map(([coordinate]) => coordinate);
  const toWhom = ['BlockPersonInput.userId', 'ShareTaskInput.userId', 'TransferOwnershipInput.userId'];
  expect(suspects.sort()).toEqual(toWhom);
});
