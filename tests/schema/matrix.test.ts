import {
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isListType,
  isObjectType,
} from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { startWorld } from '../kit/world.ts';
import { allAttempts, isChange, READERS, tried, uuidsOf, type Outcome } from './matrix/attempts.ts';
import { contents, gather, type Cast } from './matrix/cast.ts';
import { operations, type Operation } from './matrix/operations.ts';
import { rights } from './matrix/rights.ts';
import { Stage } from './matrix/stage.ts';

const world = await startWorld();

const AT_ONCE = 12;

let cast: Cast;
let outcomes: Outcome[];
let before: Map<string, string[]>;
let after: Map<string, string[]>;

/** Other attempts of the same person could end the session of this one. */
const FIRST = 'signIn';
const LAST = 'signOut';

beforeAll(async () => {
  cast = await gather(world, READERS);
  const stage = new Stage();
  const attempts = allAttempts(stage, cast);
  await stage.write(world.db);
  await world.db.$executeRaw`ANALYZE`;
  before = await contents(world.db);
  const rank = ({ row }: (typeof attempts)[number]) => Number(row === LAST) - Number(row === FIRST);
  const waiting = attempts.toSorted((a, b) => rank(a) - rank(b)).reverse();
  outcomes = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop())
        outcomes.push(await tried(world, cast, next));
    }),
  );
  after = await contents(world.db);
}, 180_000);

const proves: Record<keyof typeof rights, string> = {
  'a task of a team': '[FR-009] [FR-026] [FR-027] [FR-029] [SC-005] [BR-04] [BR-05] [BR-06]',
  'a task of one’s own, where the others are in its owner’s team':
    '[FR-009] [FR-026] [FR-027] [SC-005] [BR-05]',
  'a task of a team in the trash': '[FR-009] [SC-005] [BR-08]',
  'a task of one’s own in the trash': '[FR-009] [SC-005] [BR-08]',
  'a team, where VIEW is a share of one of its tasks': '[FR-009] [FR-029] [SC-005] [BR-02] [BR-03]',
  'a conversation, where a mate is in its owner’s team': '[FR-009] [FR-026] [SC-005]',
  'a person, by what one is to them': '[FR-009] [SC-005]',
  'what is one’s own, by what one shows for it': '[FR-011] [FR-025]',
};

describe('the rights of every role on', () => {
  test.for(Object.entries(proves))('%s are as in its table %s', ([table]) => {
    const mine = outcomes.filter((outcome) => outcome.table === table);
    const print = (end: (outcome: Outcome) => string) =>
      mine.map((outcome) => `${nameOf(outcome)}: ${end(outcome)}`).sort();
    expect(print(({ ended }) => ended)).toEqual(print(({ expected }) => expected));
  });
});

/** The name of a cell in a report. */
function nameOf({ table, row, column, token }: Outcome): string {
  return `${table} | ${row} | ${column}${token === null ? '' : ` by a ${token} token`}`;
}

/** Relay's fields return null instead of an error. */
const MISSING_NODE = /^{"data":{"node(":null|s":\[null)/;

describe('a refusal', () => {
  const refused = () => outcomes.filter(({ ended }) => ended !== '✓');

  test('[BR-08] [BR-11] changes nothing, and appends no event of a change', () => {
    const changed = refused().filter((outcome) =>
      uuidsOf(outcome).some((id) => rowsAt(before, id) !== rowsAt(after, id)),
    );
    expect(refused().filter(isChange).length).toBeGreaterThan(300);
    expect(changed.map(nameOf)).toEqual([]);
  });

  test('[BR-08] for an invisible object is equal, to the byte, to one for an unknown object', () => {
    const hidden = outcomes.filter(({ ended }) => ended === 'N');
    const unchecked = hidden.filter(({ elsewhere }) => elsewhere === null);
    expect(unchecked.map(nameOf)).toEqual([]);
    expect(hidden.map((outcome) => [nameOf(outcome), outcome.elsewhere])).toEqual(
      hidden.map((outcome) => [nameOf(outcome), outcome.answer]),
    );
  });

  test('[SC-005] contains no text of invisible objects', () => {
    const kept = outcomes.filter(({ ended }) => ['N', 'U', '·'].includes(ended));
    const leaking = kept.filter(({ answer, scene }) => answer.text.includes(scene.word));
    expect(leaking.map(nameOf)).toEqual([]);
  });

  test('[FR-011] [FR-025] without a credential is HTTP 401', () => {
    const nobodys = outcomes.filter(({ ended }) => ended === 'U');
    expect(nobodys.length).toBeGreaterThan(100);
    expect(nobodys.filter(({ answer }) => answer.status !== 401).map(nameOf)).toEqual([]);
  });

  test('[FR-028] is an event each time, with the person, the code and the operation', async () => {
    const said: Record<string, string> = { F: 'FORBIDDEN', N: 'NOT_FOUND' };
    const expected = outcomes.flatMap(({ ended, scene, operation, answer, elsewhere }) => {
      const code = MISSING_NODE.test(answer.text) ? 'NOT_FOUND' : said[ended];
      if (code === undefined || scene.actor === null) return [];
      const refusal = `${scene.actor} ${code} ${fieldOf(operation)}`;
      return elsewhere === null ? [refusal] : [refusal, refusal];
    });
    const guest = cast.people.guest.uuid;
    const events = await world.db.event.findMany({
      where: { kind: 'access.refused', actorId: { not: guest } },
    });
    const names = new Map(Object.entries(cast.people).map(([name, { uuid }]) => [uuid, name]));
    const recorded = events.flatMap(({ actorId, data }) => {
      const { code, operation, times = 1 } = data as { code: string; operation: string; times?: number };
      return Array<string>(times).fill(`${names.get(actorId ?? '') ?? 'nobody'} ${code} ${operation}`);
    });
    const [found, due] = [recorded, expected].map((list) => Object.groupBy(list, (refusal) => refusal));
    expect(Object.keys(found ?? {}).sort()).toEqual(Object.keys(due ?? {}).sort());
    for (const [refusal, { length }] of Object.entries(due ?? {}) as [string, string[]][]) {
      const count = found?.[refusal]?.length;
      // The log has more than 50 in a minute as one event when the minute is over.
      if (length > 50)
        expect([count !== undefined && count >= 50, (count ?? 0) <= length], refusal).toEqual([true, true]);
      else expect(count, refusal).toBe(length);
    }
  });
});

test('[BR-11] an allowed change appends its event, with the person as actor', () => {
  const traced = outcomes.filter(
    (outcome) => isChange(outcome) && outcome.ended === '✓' && outcome.operation.traced !== false,
  );
  const silent = traced.filter((outcome) => {
    const actor = cast.people[outcome.scene.actor ?? 'guest'].uuid;
    const news = uuidsOf(outcome).flatMap((id) => {
      const old = new Set(before.get(id));
      return (after.get(id) ?? []).filter((row) => !old.has(row));
    });
    return !news.some((row) => row.startsWith('events ') && row.includes(`"actor_id": "${actor}"`));
  });
  expect(traced.length).toBeGreaterThan(100);
  expect(silent.map(nameOf)).toEqual([]);
});

test('[FR-009] viewerCan predicts the result', () => {
  const foretold = outcomes.filter(
    ({ operation, ended, token }) => operation.right && token === null && 'F✓'.includes(ended),
  );
  expect(foretold.length).toBeGreaterThan(200);
  expect(foretold.map((outcome) => `${nameOf(outcome)}: ${String(outcome.foretold)}`)).toEqual(
    foretold.map((outcome) => `${nameOf(outcome)}: ${String(outcome.ended === '✓')}`),
  );
});

function rowsAt(rows: Map<string, string[]>, id: string): string {
  return (rows.get(id) ?? []).toSorted().join('\n');
}

describe('the tables cover', () => {
  /** Only rows that were really tried count. */
  const rows = () => new Set(outcomes.map(({ row }) => row.replaceAll(',', '')));

  test('every operation', () => {
    const defined = Object.values(operations).flatMap((ofTable) => Object.keys(ofTable));
    const tried = new Set(outcomes.map(({ row }) => row));
    expect(defined.filter((row) => !tried.has(row))).toEqual([]);
  });

  test('every field of Query, Mutation and Subscription', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((root) =>
      Object.keys(root?.getFields() ?? {}).map((field) => `${root?.name.toLowerCase() ?? ''} ${field}`),
    );
    const tried = new Set(outcomes.map(({ operation }) => `${kindOf(operation)} ${fieldOf(operation)}`));
    expect(fields.filter((field) => !tried.has(field))).toEqual([]);
  });

  test('every row', () => {
    for (const table of Object.keys(rights) as (keyof typeof rights)[]) {
      const written = new Set(outcomes.filter((outcome) => outcome.table === table).map(({ row }) => row));
      expect(written.size, table).toBeGreaterThan(5);
    }
  });

  test('every type of `node`', () => {
    const types = schema.getPossibleTypes(nodeInterface()).map(({ name }) => `node ${name}`);
    const tried = [...rows()].map((row) => row.split(' ', 2).join(' '));
    expect(types.filter((type) => !tried.includes(type))).toEqual([]);
  });

  test('every list on a type', () => {
    const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
    const lists = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !roots.has(type))
      .flatMap((type) =>
        isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ type, field })) : [],
      )
      .filter(({ field }) => getNamedType(field.type).name.endsWith('Connection'))
      .map(({ type, field }) => `${type.name}.${field.name}`);
    const tried = [...rows()].map((row) => /^[\w.]+/.exec(row)?.[0]);
    expect(lists.length).toBeGreaterThan(5);
    expect(lists.filter((list) => !tried.includes(list))).toEqual([]);
  });

  test('every right of viewerCan', () => {
    const told = Object.values(schema.getTypeMap()).flatMap((type) => {
      const viewerCan = isObjectType(type) ? type.getFields()['viewerCan'] : undefined;
      const fields = viewerCan ? getNamedType(viewerCan.type) : undefined;
      return isObjectType(fields)
        ? Object.keys(fields.getFields()).map((field) => `${type.name}.${field}`)
        : [];
    });
    const tried = new Set(
      outcomes.flatMap(({ operation: { right } }) => (right ? [`${right.type}.${right.field}`] : [])),
    );
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter((right) => !tried.has(right))).toEqual([]);
  });

  test('every id in a mutation’s input', () => {
    const taken = Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(({ name, args }) =>
      args.flatMap(({ type }) => idsIn(type).map((path) => `${name}.${path}`)),
    );
    const given = new Set(
      outcomes.flatMap(({ operation, scene }) => {
        const { input } = operation.variables({ ...scene.standing, ...scene.names }, scene.word);
        return pathsIn(input).map((path) => `${fieldOf(operation)}.${path}`);
      }),
    );
    expect(taken.length).toBeGreaterThan(30);
    expect(taken.filter((path) => !given.has(path))).toEqual([]);
  });
});

function nodeInterface() {
  const type = schema.getType('Node');
  if (!isInterfaceType(type)) throw new Error('there is no interface Node');
  return type;
}

function kindOf({ document }: Operation): string {
  return /^\w+/.exec(document)?.[0] ?? '';
}

function fieldOf({ document }: Operation): string {
  return /\{ (\w+)/.exec(document)?.[1] ?? '';
}

/** Paths of ids in an input, such as `tasks.parentId`; those in filters name nothing that is changed. */
function idsIn(given: unknown): string[] {
  const type = given;
  if (isNonNullType(type) || isListType(type)) return idsIn(type.ofType);
  if (!isInputObjectType(type) || type.name.endsWith('Filter')) return [];
  return Object.values(type.getFields()).flatMap((field) =>
    getNamedType(field.type).name === 'ID'
      ? [field.name]
      : idsIn(field.type).map((path) => `${field.name}.${path}`),
  );
}

function pathsIn(input: unknown): string[] {
  if (Array.isArray(input)) return input.flatMap(pathsIn);
  if (typeof input !== 'object' || input === null) return [];
  return Object.entries(input).flatMap(([key, value]) => [
    key,
    ...pathsIn(value).map((path) => `${key}.${path}`),
  ]);
}
