import { execute, Kind, parse, validate, visit, type DocumentNode, type ExecutionResult } from 'graphql';
import { describe, expect, test } from 'vitest';
import { dice } from '../../../kit/dice.ts';
import { byPlan, byPlanMeasured, collectUnhandled, told, type Executor, type Told } from './executors.ts';
import { generateQuery } from './generated-query.ts';
import { Execution, GeneratedWorld, type Timing } from './generated-world.ts';

/** The number of queries per test; `TEST_CASES=20000` searches longer, and `TEST_SEED` elsewhere. */
const CASES = Number(process.env['TEST_CASES'] ?? 700);
const FIRST_SEED = Number(process.env['TEST_SEED'] ?? 1);
const QUERIES_OF_A_SCHEMA = 5;

const unhandled = collectUnhandled();

interface Case {
  world: GeneratedWorld;
  document: DocumentNode;
  variableValues: Record<string, unknown>;
}

interface Ran extends Told {
  calls: string[];
  /** What happened after the answer. */
  after: string[];
}

/** Runs a query until all its promises have settled. */
async function run(
  executor: Executor,
  { world, document, variableValues }: Case,
  execution: Execution,
): Promise<Ran> {
  world.execution = execution;
  unhandled.length = 0;
  const args = { schema: world.schema, document, variableValues, rootValue: world.root };
  let result: ExecutionResult | undefined;
  const done = Promise.resolve(executor(args)).then((answer) => (result = answer));
  let answer: Told | undefined;
  let calls = 0;
  for (let isWaiting = true; isWaiting; isWaiting = execution.settleNext()) {
    for (let turn = 0; turn < (execution.timing === 'at once' ? 4 : 1); turn += 1)
      await new Promise(setImmediate);
    if (result === undefined || answer) continue;
    answer = told(result);
    calls = execution.calls.length;
  }
  const last = told(await done);
  return {
    ...last,
    calls: execution.calls,
    after: [
      ...execution.calls.slice(answer ? calls : execution.calls.length),
      ...last.errors.slice(answer?.errors.length ?? last.errors.length),
      ...unhandled.map((reason) => `unhandled: ${String(reason)}`),
    ],
  };
}

/** The name of a case in a report, to repeat it. */
function named(seed: number, { world, document, variableValues }: Case): string {
  const { sdl } = world;
  const query = document.loc?.source.body ?? '';
  return `TEST_SEED=${seed} TEST_CASES=${QUERIES_OF_A_SCHEMA}\n${sdl}\n\n${query}\n${JSON.stringify(variableValues)}`;
}

function* cases(timing: Timing): Generator<{ name: string; given: Case; timing: Timing }> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + Math.ceil(CASES / QUERIES_OF_A_SCHEMA); seed += 1) {
    const world = new GeneratedWorld(seed);
    const chance = dice(seed ^ 0x5bd1e995);
    for (let query = 0; query < Math.min(CASES, QUERIES_OF_A_SCHEMA); query += 1) {
      const { text, variableValues } = generateQuery(world.model, chance);
      const given = { world, document: parse(text), variableValues };
      const name = named(seed, given);
      const mistakes = validate(world.schema, given.document);
      if (mistakes.length > 0) throw new Error(`not valid: ${mistakes.join('\n')}\n${name}`);
      yield { name, given, timing };
    }
  }
}

/** The same document with nullable types, so that errors stay where they occur. */
function withoutPropagation(document: DocumentNode): DocumentNode {
  const name = { kind: Kind.NAME, value: 'experimental_disableErrorPropagation' } as const;
  const directives = [{ kind: Kind.DIRECTIVE, name }] as const;
  return visit(document, { OperationDefinition: (operation) => ({ ...operation, directives }) });
}

function pathOf(error: string): string {
  return JSON.stringify((JSON.parse(error) as { path?: unknown }).path);
}

/** The positions of null in the answer for each error. */
function nullsOf({ data, errors }: Told): string[] {
  const nulls = errors.map((error) => {
    const { path = [] } = JSON.parse(error) as { path?: (string | number)[] };
    let value = JSON.parse(data) as unknown;
    let depth = 0;
    for (; depth < path.length && value !== null && value !== undefined; depth += 1)
      value = (value as Record<string, unknown>)[path[depth] ?? ''];
    return JSON.stringify(path.slice(0, depth));
  });
  return [...new Set(nulls)].sort();
}

describe('generated queries of generated schemas have the same answers as in graphql-js', () => {
  test(
    'with errors in the same order, if promises settle one after the other',
    { timeout: 3_600_000 },
    async () => {
      for (const { name, given, timing } of cases('one by one')) {
        const expected = await run(execute, given, new Execution(timing, true));
        const measured = await run(byPlanMeasured, given, new Execution(timing, false));
        expect({ ...measured, name }).toEqual({ ...expected, after: [], name });
        const { data, errors, after } = await run(byPlan, given, new Execution(timing, false));
        expect({ data, errors, after, name }).toEqual({
          data: expected.data,
          errors: expected.errors,
          after: [],
          name,
        });
      }
    },
  );

  test('with errors at the same nulls, if promises settle at once', { timeout: 3_600_000 }, async () => {
    for (const { name, given, timing } of cases('at once')) {
      const expected = await run(execute, given, new Execution(timing, true));
      const possible = await run(
        execute,
        { ...given, document: withoutPropagation(given.document) },
        new Execution(timing, true),
      );
      const ran = await run(byPlan, given, new Execution(timing, false));
      expect({ data: ran.data, nulls: nullsOf(ran), after: ran.after, name }).toEqual({
        data: expected.data,
        nulls: nullsOf(expected),
        after: [],
        name,
      });
      // The specification does not say which of several errors applies.
      const paths = possible.errors.map((error) => pathOf(error).slice(0, -1));
      const unheard = ran.errors.filter(
        (error) =>
          !possible.errors.includes(error) && !paths.some((path) => pathOf(error).startsWith(`${path},`)),
      );
      expect(unheard, name).toEqual([]);
    }
  });
});
