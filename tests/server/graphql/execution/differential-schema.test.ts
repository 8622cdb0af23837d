import { execute, parse, type GraphQLError, type GraphQLFieldResolver } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { readExamples } from '../../../../ops/api-examples.ts';
import { schema } from '../../../../schema/index.ts';
import type { Context } from '../../../../server/graphql/context.ts';
import { createErrorMask } from '../../../../server/graphql/mask-errors.ts';
import { createContexts, type ContextOf } from '../../../../server/graphql/plugins/use-viewer-context.ts';
import { createLogger } from '../../../../server/logger.ts';
import { withRequest } from '../../../../server/request-context.ts';
import { gardenersIn, plantGarden } from '../../../docs/garden.ts';
import { startWorld, type Person } from '../../../kit/world.ts';
import { allAttempts, credentialOf, READERS } from '../../../schema/matrix/attempts.ts';
import { gather } from '../../../schema/matrix/cast.ts';
import { Stage } from '../../../schema/matrix/stage.ts';
import { byPlan, byPlanMeasured, told, type Executor } from './executors.ts';

const AT_ONCE = 8;

const world = await startWorld();

let ada: Person;
let contextOf: ContextOf;
let masked: (error: unknown) => GraphQLError;

beforeAll(async () => {
  ({ ada } = await world.people('Ada'));
  const { assistant, authServices, live, webhooks, performance: store } = await contextOfServer(ada);
  const log = createLogger('silent');
  contextOf = createContexts({
    assistant,
    authServices,
    live,
    webhooks,
    store,
    origins: authServices.origins,
    log,
  });
  masked = createErrorMask(log, store);
});

/** The context that the server gives to resolvers. */
async function contextOfServer(person: Person): Promise<Context> {
  const field = schema.getQueryType()?.getFields()['viewer'];
  const resolve = field?.resolve as GraphQLFieldResolver<unknown, Context> | undefined;
  if (!field || !resolve) throw new Error('there is no viewer');
  let seen: Context | undefined;
  field.resolve = (source, args, context: Context, info) => {
    seen = context;
    return resolve(source, args, context, info);
  };
  await person.query('{ viewer { id } }');
  field.resolve = resolve;
  if (!seen) throw new Error('the viewer was not asked for');
  return seen;
}

interface Asked {
  text: string;
  variableValues?: Record<string, unknown>;
  /** Undefined without a session. */
  token?: string | undefined;
}

/** The log grows with all activity of this database server. */
const CURSOR = /("cursor":")[^"]+"/g;

/** Statements run in parallel, so errors have any order. Callers see them masked. */
async function answerOf(execute: Executor, { text, variableValues = {}, token }: Asked) {
  return withRequest(async () => {
    const contextValue = await contextOf(
      new Headers(token ? { authorization: `Bearer ${token}` } : {}),
      'GRAPHQL',
    );
    const result = await execute({ schema, document: parse(text), variableValues, contextValue });
    const { data, errors } = told(result);
    const codes = (result.errors ?? []).map((error) => masked(error).extensions['code']);
    return { data: data.replaceAll(CURSOR, '$1…"'), errors: errors.sort(), codes: codes.sort() };
  });
}

async function expectSame(asked: Asked, executors: readonly Executor[] = [byPlan]): Promise<void> {
  const expected = await answerOf(execute, asked);
  for (const executor of executors) {
    const answer = await answerOf(executor, asked);
    expect({ asked, ...answer }).toEqual({ asked, ...expected });
  }
}

describe('both executors give the same answers to', () => {
  test('every query of the reference’s examples', async () => {
    const people = await gardenersIn(world);
    const garden = await plantGarden(people, world);
    const queries = readExamples().filter(({ kind }) => kind === 'query');
    for (const { text, variables } of queries)
      await expectSame({ text, variableValues: garden.really(variables), token: people.grace.token }, [
        byPlan,
        byPlanMeasured,
      ]);
    expect(queries.length).toBeGreaterThan(15);
  });

  test('every query of the matrix, with each result', { timeout: 180_000 }, async () => {
    const cast = await gather(world, READERS);
    const stage = new Stage();
    const queries = allAttempts(stage, cast).filter(({ operation }) =>
      operation.document.startsWith('query'),
    );
    // One of the people with the same answer.
    const attempts = new Map(
      queries.map((attempt) => [`${attempt.table} ${attempt.row} ${attempt.expected}`, attempt]),
    );
    await stage.write(world.db);
    await world.db.$executeRaw`ANALYZE`;
    const waiting = [...attempts.values()].map((attempt) => {
      const { operation, scene } = attempt;
      const variableValues = operation.variables({ ...scene.standing, ...scene.names }, scene.word);
      return { text: operation.document, variableValues, token: credentialOf(cast, attempt) ?? undefined };
    });
    expect(waiting.length).toBeGreaterThan(200);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) await expectSame(next);
      }),
    );
  });

  test.each([
    '{ team(id: "task_nothing") { id } nodes(ids: ["nothing"]) { id } }',
    '{ nodes(ids: ["nothing"]) { id } team(id: "task_nothing") { id } }',
    '{ team(id: "task_nothing") { id } again: team(id: "task_nothing") { id name } viewer { name } }',
    '{ team(id: "task_nothing") { id } nodes(ids: ["team_01m830p3k4fzxrg11j6sapwh7n"]) { id } }',
    '{ node(id: "task_01m830p3k4fzxrg11j6sapwh7n") { id } task(id: "team_nothing") { id } }',
    '{ tasks(first: -1) { nodes { id } } teams(first: 5000) { nodes { id } } viewer { id } }',
    '{ __schema { types { name kind fields(includeDeprecated: true) { name args { name defaultValue } type { kind ofType { name } } } } } }',
  ])('%s', async (text) => {
    await expectSame({ text, token: ada.token });
  });
});
