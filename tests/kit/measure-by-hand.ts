import type { Database } from '../../server/database/client.ts';
import { isPeriod, type Dimension, type Question } from '../../server/measures/widget.ts';
import type { Asked } from './count-by-hand.ts';
import { historyByHand } from './journal.ts';

/** A visible task, with days in the viewer's time zone. */
export interface TaskByHand {
  STATUS: string;
  PRIORITY: string;
  ASSIGNEE: string | null;
  OWNER: string;
  TEAM: string | null;
  LABEL: string[];
  dueOn: string | null;
  created: string;
  completed: string | null;
  lead: number | null;
  cycle: number | null;
  today: string;
}

/** By key, and by the key of the second dimension; `null` is the text of an absent value. */
export type ValuesByHand = Map<string, number | null>;

/** The tasks of a scope that its viewer sees, found by an independent implementation of the rules in SQL. */
export async function tasksByHand(db: Database, { viewer, of }: Omit<Asked, 'days'>): Promise<TaskByHand[]> {
  const team = typeof of === 'string' ? null : of.team;
  const rows = await db.$queryRaw<{ task: TaskByHand }[]>`
    WITH me AS (SELECT id, timezone, (now() AT TIME ZONE timezone)::date AS today FROM users WHERE id = ${viewer}::uuid),
    mine AS (SELECT team_id FROM memberships, me WHERE user_id = me.id)
    SELECT json_build_object(
      'STATUS', status, 'PRIORITY', priority, 'ASSIGNEE', assignee_id, 'OWNER', owner_id, 'LABEL', labels,
      'TEAM', (SELECT team_id FROM mine WHERE mine.team_id = tasks.team_id), 'dueOn', due_on,
      'created', (created_at AT TIME ZONE timezone)::date, 'completed', (completed_at AT TIME ZONE timezone)::date,
      'lead', extract(epoch FROM completed_at - created_at), 'cycle', extract(epoch FROM completed_at - started_at),
      'today', today) AS task
    FROM tasks, me
    WHERE archived_at IS NULL
      AND CASE WHEN ${team}::uuid IS NOT NULL THEN team_id = ${team}::uuid
               ELSE ${of !== 'assigned'} AND owner_id = me.id OR ${of !== 'own'} AND assignee_id IS NOT DISTINCT FROM me.id END
      AND (owner_id = me.id AND team_id IS NULL OR team_id IN (SELECT team_id FROM mine)
           OR EXISTS (SELECT FROM task_shares WHERE task_id = tasks.id AND shared_with_id = me.id
                      AND (expires_at IS NULL OR expires_at > now())))`;
  return rows.map(({ task }) => task);
}

/** The expected values of a question about tasks as they are now, counted one by one. */
export function countedByHand(
  tasks: readonly TaskByHand[],
  { measure, by, split, days }: Question,
): ValuesByHand {
  const found = new Map<string, number[]>();
  for (const task of tasks) {
    const day = measure === 'CREATED' ? task.created : task.completed;
    const isOpen = task.STATUS === 'TODO' || task.STATUS === 'IN_PROGRESS';
    const isInPeriod = day !== null && day <= task.today && daysBetween(day, task.today) < days;
    const seconds = measure === 'LEAD_TIME' ? task.lead : task.cycle;
    const counts = {
      COUNT: true,
      OPEN: isOpen,
      OVERDUE: isOpen && task.dueOn !== null && task.dueOn < task.today,
      CREATED: isInPeriod,
      COMPLETED: isInPeriod && task.STATUS === 'DONE',
      THROUGHPUT: false,
      LEAD_TIME: isInPeriod && task.STATUS === 'DONE',
      CYCLE_TIME: isInPeriod && task.STATUS === 'DONE' && seconds !== null,
    }[measure];
    if (!counts) continue;
    for (const key of valuesOf(task, by, day))
      for (const splitKey of valuesOf(task, split, day)) {
        const both = `${key} ${splitKey}`;
        found.set(both, [...(found.get(both) ?? []), seconds ?? 0]);
      }
  }
  const isDuration = measure === 'LEAD_TIME' || measure === 'CYCLE_TIME';
  if (!isDuration) return new Map(Array.from(found, ([key, { length }]) => [key, length]));
  return new Map(
    Array.from(found).flatMap(([both, took]) => {
      const key = both.replace(/ null$/, '');
      return [
        [`${key} median`, quantile(took, 0.5)],
        [`${key} p85`, quantile(took, 0.85)],
      ] as const;
    }),
  );
}

/** The expected values of a question about the past, from the journal. */
export async function rememberedByHand(
  db: Database,
  asked: Omit<Asked, 'days'>,
  { kind, measure, by, split, days }: Question,
  last: string,
): Promise<ValuesByHand> {
  const values: ValuesByHand = new Map();
  const dates = Array.from({ length: days }, (_, n) => dayBefore(last, days - 1 - n));
  const periods = Map.groupBy(dates, (date) => startOf(by, date));
  const { cumulativeFlow } = await historyByHand(db, { ...asked, days, asOf: last });
  const flows = new Map(cumulativeFlow.map((each) => [each.day, each]));
  for (const [start, some] of periods) {
    const end = some.at(-1) ?? last;
    if (measure === 'COUNT' || measure === 'OPEN') {
      const { todo = 0, inProgress = 0, done = 0, cancelled = 0 } = flows.get(end) ?? {};
      const isAll = measure === 'COUNT';
      const statuses = {
        TODO: todo,
        IN_PROGRESS: inProgress,
        DONE: isAll ? done : 0,
        CANCELLED: isAll ? cancelled : 0,
      };
      const all = Object.values(statuses).reduce((sum, n) => sum + n, 0);
      if (kind === 'BURN_UP') values.set(`${start} TOTAL`, all).set(`${start} DONE`, done);
      else if (by === 'STATUS')
        for (const [status, n] of Object.entries(statuses)) values.set(`${status} null`, n);
      else if (split) for (const [status, n] of Object.entries(statuses)) values.set(`${start} ${status}`, n);
      else values.set(`${start} null`, all);
      continue;
    }
    const { throughput, leadTime, cycleTime } = await historyByHand(db, {
      ...asked,
      days: some.length,
      asOf: end,
    });
    const took = measure === 'LEAD_TIME' ? leadTime : cycleTime;
    if (measure === 'THROUGHPUT')
      values.set(
        `${start} null`,
        throughput.reduce((sum, { completed }) => sum + completed, 0),
      );
    else values.set(`${start} median`, took.median).set(`${start} p85`, took.p85);
  }
  return values;
}

const DAY_MS = 86_400_000;

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
}

function daysBetween(first: string, last: string): number {
  return (Date.parse(last) - Date.parse(first)) / DAY_MS;
}

function startOf(by: Dimension | null, day: string): string {
  if (by === 'DAY') return day;
  if (by === 'WEEK') return dayBefore(day, (new Date(day).getUTCDay() + 6) % 7);
  return by === 'MONTH' ? `${day.slice(0, 8)}01` : 'null';
}

function valuesOf(task: TaskByHand, dimension: Dimension | null, day: string | null): string[] {
  if (dimension === null) return ['null'];
  if (isPeriod(dimension)) return [startOf(dimension, day ?? '')];
  const value = task[dimension];
  if (Array.isArray(value)) return value.length > 0 ? value : ['null'];
  return [String(value)];
}

function quantile(values: readonly number[], q: number): number | null {
  return values.toSorted((one, other) => one - other)[Math.ceil(q * values.length) - 1] ?? null;
}
