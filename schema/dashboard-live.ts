import type { Event } from '../prisma/generated/client/client.ts';
import type { TaskEventData, TaskFacts } from '../server/events/kinds.ts';
import { payloadOf } from '../server/live/source.ts';
import type { Scope } from '../server/sql/counted-scope.ts';
import { builder } from './builder.ts';
import { Dashboard, DashboardScope, dashboardOf, scopeOf } from './dashboard.ts';
import { liveSource } from './live-source.ts';

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
    if (kind.startsWith('task.share')) return actorId === userId || personId === userId;
    if (kind.startsWith('task.')) {
      const { before, after } = data as unknown as TaskEventData;
      return isOfScope(before) || isOfScope(after);
    }
    return (
      kind === 'team.deleted' ||
      (kind.startsWith('team.member') && (actorId === userId || personId === userId))
    );
  };
}

type Numbers = Awaited<ReturnType<typeof dashboardOf>>;

builder.subscriptionField('dashboard', (t) =>
  t.field({
    type: Dashboard,
    description:
      'Tasks in numbers: as they are, and again whenever they change, at most four times a second. It ends with NOT_FOUND when the viewer is no longer in the team.',
    args: { scope: t.arg({ type: DashboardScope, description: 'Whose; the viewer’s own when left out.' }) },
    subscribe: (_root, args, context, info) => {
      const { db, person } = context;
      const wants = counts(person.userId, scopeOf(context.viewer, args.scope));
      const wishes = { wants, coalesceMs: SHORTEST_PAUSE_MS, clock: everyQuarter };
      let told = '';
      return liveSource(context, wishes, async ({ event, passed }) => {
        const numbers = await dashboardOf(db, context.viewer, scopeOf(context.viewer, args.scope), info);
        const { cursor, ...rest } = numbers;
        const before = told;
        told = JSON.stringify(rest);
        return event !== null || passed !== null || told !== before ? numbers : undefined;
      });
    },
    resolve: payloadOf<Numbers>,
  }),
);

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
