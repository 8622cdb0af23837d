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

const SHORTEST_PAUSE_MS = 250;
/** In every time zone, days begin at a quarter hour; numbers can change then without an event. */
const QUARTER_MS = 15 * 60_000;

function counts(userId: string, { teamId, by }: Scope): (event: Event) => boolean {
  const isOfScope = (facts: TaskFacts | null | undefined) => {
    if (facts == null) return false;
    if (teamId !== null) return facts.team === teamId;
    return (by !== 'assignee' && facts.owner === userId) || (by !== 'owner' && facts.assignee === userId);
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

/** The numbers of a scope after an event, shared by all subscribers of the same class. */
interface Latest {
  event: Event;
  job: Job<Update>;
}

const latest = new WeakMap<Database, LRUCache<string, Latest>>();

/** Counts once per event for all subscribers of the same class. */
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

/** The class of subscribers that get the same numbers. Shares make them personal. */
function classOf({ viewer, timezone, holdsShares }: LiveRights, { teamId, by }: Scope, days: number): string {
  const isPersonal = teamId === null || holdsShares;
  return JSON.stringify([teamId, by, timezone, days, isPersonal ? viewer.ownId : null]);
}

builder.subscriptionField('dashboard', (t) =>
  t.field({
    type: Dashboard,
    description:
      'The dashboard, and again whenever its numbers change, at most four times per second. Ends with NOT_FOUND when the viewer leaves the team.',
    args: {
      scope: t.arg({
        type: DashboardScope,
        description: 'Tasks to count. Default: tasks owned by the viewer.',
      }),
    },
    subscribe: (_root, args, context, info) => {
      const { db, live, person } = context;
      const days = daysBelow(info);
      const wants = counts(person.userId, scopeOf(context.viewer, args.scope));
      const options = { wants, coalesceMs: SHORTEST_PAUSE_MS, clock: everyQuarter };
      let sent = '';
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
        const before = sent;
        sent = textOf(update);
        return event !== null || passed !== null || sent !== before ? update : undefined;
      });
    },
    resolve: payloadOf<Update>,
  }),
);

function textOf({ cursor, viewer, sharedAs, ...numbers }: Update): string {
  return JSON.stringify(numbers);
}

function everyQuarter(reconsider: () => void): () => void {
  let timer: NodeJS.Timeout;
  const schedule = () => {
    // Spreads the load of all subscriptions.
    const wait = QUARTER_MS - (Date.now() % QUARTER_MS) + Math.random() * 5_000;
    timer = setTimeout(() => {
      reconsider();
      schedule();
    }, wait);
  };
  schedule();
  return () => {
    clearTimeout(timer);
  };
}
