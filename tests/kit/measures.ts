import { expect } from 'vitest';
import type { Database } from '../../server/database/client.ts';
import { askedOfScope, measure, type Answer } from '../../server/measures/measure.ts';
import {
  DIMENSIONS,
  isDuration,
  MEASURES,
  pastPlanOf,
  planOf,
  type Dimension,
  type Question,
} from '../../server/measures/widget.ts';
import type { Scope } from '../../server/sql/counter-scope.ts';
import { viewerOf } from '../../server/sql/viewer.ts';
import type { Asked } from './count-by-hand.ts';
import { countedByHand, rememberedByHand, tasksByHand, type ValuesByHand } from './measure-by-hand.ts';

type Of = Asked['of'];

function scopeOf(of: Of): Scope {
  if (typeof of !== 'string') return { teamId: of.team, by: 'owner' };
  return { teamId: null, by: of === 'own' ? 'owner' : of === 'assigned' ? 'assignee' : 'either' };
}

const SOME: readonly (Dimension | null)[] = [null, ...DIMENSIONS];

/** Every measure by every dimension, split by every other one, where it has an answer today. */
function allQuestions(of: Of, days: number): (Question & { scope: Scope })[] {
  const scope = scopeOf(of);
  const questions = MEASURES.flatMap((each) =>
    SOME.flatMap((by) =>
      SOME.map((split) => ({ kind: 'TABLE' as const, measure: each, by, split, days, scope })),
    ),
  );
  const burnUp = {
    kind: 'BURN_UP' as const,
    measure: 'COUNT' as const,
    by: 'DAY' as const,
    split: null,
    days,
    scope,
  };
  return [...questions, burnUp].filter((question) => planOf(question).source);
}

/**
 * Compares answers with counting by hand.
 * @param last the last day; null for today.
 * @param isAsked chooses some of the questions.
 * @returns the numbers of tasks of today.
 */
export async function expectMeasured(
  db: Database,
  viewer: string,
  of: Of,
  { days, last, isAsked }: { days: number; last: string | null; isAsked: (n: number) => boolean },
): Promise<Answer[]> {
  const seenBy = await viewerOf(db, { userId: viewer, limit: null });
  const tasks = await tasksByHand(db, { viewer, of });
  const [{ today } = { today: '' }] = await db.$queryRaw<{ today: string }[]>`
    SELECT (now() AT TIME ZONE timezone)::date::text AS today FROM users WHERE id = ${viewer}::uuid`;
  const questions = allQuestions(of, days).filter(
    (question, n) => isAsked(n) && (last === null || pastPlanOf(question).source),
  );
  const at = { today, last: last ?? today };
  const answers = await measure(db, seenBy, questions.map(askedOfScope), at);
  for (const [n, question] of questions.entries()) {
    const answer = answers[n];
    const { source } = last === null ? planOf(question) : pastPlanOf(question);
    const label = `${question.kind} ${question.measure} by ${question.by}, split by ${question.split}, of ${JSON.stringify(of)} as of ${at.last}`;
    expect(answer, label).toMatchObject({ isExact: true, problem: null, omittedGroups: 0 });
    const isOfNow = source === 'tasks' || source === 'counters';
    const byHand = isOfNow
      ? countedByHand(tasks, question)
      : await rememberedByHand(db, { viewer, of }, question, at.last);
    expectValues(answer, byHand, isDuration(question.measure), label);
  }
  return last === null ? answers.filter((_, n) => !isDuration(questions[n]?.measure ?? 'COUNT')) : [];
}

/** Durations up to a second are not distinguished. */
const isAbout = (found: number | null, exact: number | null) =>
  exact === null || found === null ? found === exact : Math.abs(found - exact) <= Math.max(1, exact * 0.0101);

function expectValues(
  answer: Answer | undefined,
  byHand: ValuesByHand,
  isOfTime: boolean,
  label: string,
): void {
  const found: ValuesByHand = new Map(
    answer?.series.flatMap(({ key: series, points }) =>
      points.map(({ key, value }) => [`${key} ${series}`, value] as const),
    ),
  );
  if (!isOfTime) {
    const without = (values: ValuesByHand) => new Map([...values].filter(([, value]) => value !== 0).sort());
    expect(without(found), label).toEqual(without(byHand));
    return;
  }
  for (const key of new Set([...found.keys(), ...byHand.keys()])) {
    const [about = null, exact = null] = [found.get(key), byHand.get(key)];
    expect(isAbout(about, exact), `${label}, ${key}: ${about} is ${exact}`).toBe(true);
  }
}
