import { LRUCache } from 'lru-cache';
import type { Event } from '../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../server/bounds.ts';
import type { Database } from '../server/database/client.ts';
import { traitsOf, type TaskEventData, type TaskFacts } from '../server/log/catalogue.ts';
import { Job } from '../server/live/fair-queue.ts';
import { payloadOf } from '../server/live/payload-stream.ts';
import type { SharedPayload } from '../server/live/shared-payload.ts';
import type { Scope } from '../server/sql/counter-scope.ts';
import type { LiveRights } from '../server/sql/live-rights.ts';
import { builder } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { Dashboard, DashboardScope, dashboardOf, daysBelow, scopeOf } from './dashboard.ts';
import { liveSource } from './machinery/live-source.ts';

/** At most four times a second. */
const SHORTEST_PAUSE_MS = 250;
/** Where days begin, whatever the timezone, and so where numbers change without anything happening. */
const QUARTER_MS = 15 * 60_000;

/** Whether an event may change the numbers of a scope. */
function counts(userId: string, { teamId, assigned }: Scope): (event: Event) => boolean {
  const isOfScope = (facts: TaskFacts | null | undefined) => {
    if (facts == null) return false;
    if (teamId !== null) return facts.team === teamId;
    return (assigned ? facts.assignee : facts.owner) === userId;
  };
  return ({ kind, actorId, personId, data }) => {
    if (actorId === userId && kind === 'user.updated') return true;
    const { carriesFacts, changesNumbers } = traitsOf(kind);
    if (carriesFacts) {
      const { before, after, sharedWith } = data as unknown as TaskEventData & { sharedWith?: string[] };
      return isOfScope(before) || isOfScope(after) || sharedWith?.includes(userId) === true;
    }
    return (
      changesNumbers === 'ofAll' ||
      (changesNumbers === 'ofNamed' && (actorId === userId || personId === userId))
    );
  };
}

interface Update extends Awaited<ReturnType<typeof dashboardOf>>, SharedPayload {}

/** What was counted of a scope after an event, for all who are told the same of it. */
interface Latest {
  event: Event;
  job: Job<Update>;
}

const latest = new WeakMap<Database, LRUCache<string, Latest>>();

/** Counts once for all who follow the same of a scope, from one event to the next. */
function updateAfter(
  { db, live, person }: Context,
  event: Event,
  sharedAs: string,
  count: () => Promise<Update>,
): Promise<Update> {
  const known = latest.get(db) ?? new LRUCache<string, Latest>({ max: BOUNDS['followed dashboards'].most });
  if (!latest.has(db)) keep('followed dashboards', known, ({ size }) => size);
  latest.set(db, known);
  const counted = known.get(sharedAs);
  if (counted?.event === event) return live.queue.join(person.userId, counted.job);
  const job = new Job(count);
  known.set(sharedAs, { event, job });
  return live.queue.join(person.userId, job);
}

/** Names what people are told the same of: shares are addressed to each of them alone. */
function classOf(
  { viewer, timezone, holdsShares }: LiveRights,
  { teamId, assigned }: Scope,
  days: number,
): string {
  const isPersonal = teamId === null || holdsShares;
  return JSON.stringify([teamId, assigned, timezone, days, isPersonal ? viewer.userId : null]);
}

builder.subscriptionField('dashboard', (t) =>
  t.field({
    type: Dashboard,
    description:
      'Tasks in numbers: as they are, and again whenever they change, at most four times a second. It ends with NOT_FOUND when the viewer is no longer in the team.',
    args: { scope: t.arg({ type: DashboardScope, description: 'Whose; the viewer’s own when left out.' }) },
    subscribe: (_root, args, context, info) => {
      const { db, live, person } = context;
      const days = daysBelow(info);
      const wants = counts(person.userId, scopeOf(context.viewer, args.scope));
      const options = { wants, coalesceMs: SHORTEST_PAUSE_MS, clock: everyQuarter };
      let told = '';
      return liveSource<Update>(context, options, async ({ event, passed, rights }) => {
        const scope = scopeOf(rights.viewer, args.scope);
        const count = () => dashboardOf(db, rights.viewer, scope, days);
        const named = classOf(rights, scope, days);
        const update = event
          ? await updateAfter(context, event, named, async () => ({
              ...(await count()),
              sharedAs: `${live.cursorOf(event)} ${named}`,
            }))
          : await live.queue.run(person.userId, count);
        const before = told;
        told = textOf(update);
        return event !== null || passed !== null || told !== before ? update : undefined;
      });
    },
    resolve: payloadOf<Update>,
  }),
);

/** All that is told but how far the log was counted. */
function textOf({ cursor, viewer, sharedAs, ...numbers }: Update): string {
  return JSON.stringify(numbers);
}

function everyQuarter(reconsider: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wind = () => {
    // Not all at once.
    const wait = QUARTER_MS - (Date.now() % QUARTER_MS) + Math.random() * 5_000;
    timer = setTimeout(() => {
      reconsider();
      wind();
    }, wait);
  };
  wind();
  return () => {
    clearTimeout(timer);
  };
}
