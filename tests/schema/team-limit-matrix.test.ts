import { expect, test } from 'vitest';
import { OF_THE_PERSON, WITHIN_TEAMS } from '../../schema/machinery/team-limits.ts';
import { schema } from '../../schema/index.ts';
import { newId } from '../../server/ids.ts';
import { hashOfSecret } from '../../server/secrets.ts';
import { sample } from '../kit/sample.ts';
import { startWorld, type World } from '../kit/world.ts';
import { allAttempts, tried, type Attempt } from './matrix/attempts.ts';
import { gather, type Cast, type Name } from './matrix/cast.ts';
import { rights } from './matrix/rights.ts';
import { Stage } from './matrix/stage.ts';
import { cellsOf, type Mark } from './matrix/table.ts';

const AT_ONCE = 12;

const OF_TEAMS: ReadonlySet<keyof typeof rights> = new Set([
  'a task of a team',
  'a task of a team in the trash',
  'a team, where VIEW is a share of one of its tasks',
]);

/** What is left of a column if only the team counts. */
const BY_MEMBERSHIP: Readonly<Record<string, string>> = {
  'viewer+E': 'viewer',
  VIEW: 'stranger',
  EDIT: 'stranger',
  invited: 'stranger',
  unverified: 'stranger',
};

type Limit = 'the team' | 'another team';

const marks = new Map(
  (Object.keys(rights) as (keyof typeof rights)[]).flatMap((table) =>
    cellsOf(rights[table]).map(({ row, column, expected }) => [`${table} | ${row} | ${column}`, expected]),
  ),
);

function fieldOf({ operation }: Attempt): string {
  return /\{ (\w+)/.exec(operation.document)?.[1] ?? '';
}

/** What is refused, since it is about something personal. */
const PERSONAL: ReadonlySet<string> = new Set([
  'createTask',
  'createTasks',
  'createTasks in it',
  'createTask by its id',
  'createTask under it',
  'createTasks under it',
  'createTask for them',
  'createTasks for them',
  'createView',
  'dashboard',
  'dashboard, live',
  'views',
  'createCustomDashboard',
  'customDashboards',
]);

/** What tries to change a personal task of the actor. */
const ON_PERSONAL_TASKS: ReadonlySet<string> = new Set([
  'moveTask',
  'moveTask ahead of it',
  'moveTask behind it',
  'updateTask under it',
  'updateTasks under it',
  'updateTasks',
  'updateTask into it',
  'updateTasks into it',
  'updateTask for them',
  'updateTasks for them',
]);

/** What an invitation or an offer to the person is to others. */
const TO_ONESELF: Readonly<Record<string, Mark>> = {
  'node ShareOffer to oneself': '·',
  'node TeamInvitation to oneself': '·',
  'User.invitations to oneself': '·',
  'revokeInvitation to oneself': 'N',
  'revokeInvitation by its link': 'N',
  'node Approval': '·',
};

/** What shows the person, and people in their teams. */
const OF_PEOPLE: ReadonlySet<string> = new Set(['node User', 'nodes User', 'User.email']);

const OWN = 'what is one’s own, by what one shows for it';

/** What the same person may do, as far as it comes from their role in the team. */
function expectedOf(attempt: Attempt, limit: Limit): Mark | undefined {
  const { table, row, column, expected } = attempt;
  if (OF_THE_PERSON.has(fieldOf(attempt)) || PERSONAL.has(row)) return 'F';
  // A copy for oneself.
  if (row === 'duplicateCustomDashboard' && !OF_TEAMS.has(table)) return 'F';
  if (ON_PERSONAL_TASKS.has(row)) return 'N';
  if (OF_PEOPLE.has(row) && (column === 'oneself' || (limit === 'the team' && column === 'mate')))
    return expected;
  if (limit === 'the team' && row === 'updateTask out of its team' && expected === '✓') return 'F';
  const isOfTeam = limit === 'the team' && OF_TEAMS.has(table);
  if (isOfTeam && row === 'node ShareOffer to oneself') {
    return marks.get(`${table} | node ShareOffer | ${BY_MEMBERSHIP[column] ?? column}`);
  }
  const leads = isOfTeam && (column === 'lead' || column === 'admin');
  if (TO_ONESELF[row] && !leads) return TO_ONESELF[row];
  if (table === OWN || (isOfTeam && BY_MEMBERSHIP[column] === undefined)) return expected;
  return marks.get(`${table} | ${row} | ${isOfTeam ? (BY_MEMBERSHIP[column] ?? 'stranger') : 'stranger'}`);
}

/** The scenes of a stage have the same names each time. */
const worlds: Record<Limit, World> = {
  'the team': await startWorld(),
  'another team': await startWorld(),
};

/** People with a token for all that they may do, limited to these teams. */
async function limited(
  { db }: World,
  people: Cast['people'],
  teamsOf: (userId: string) => Promise<string[]>,
) {
  const made = Object.entries(people).map(async ([name, person]) => {
    const token = `twp_${newId()}`;
    const teamIds = await teamsOf(person.uuid);
    await db.apiToken.create({
      data: {
        userId: person.uuid,
        name: 'limited',
        hash: hashOfSecret(token),
        scopes: ['READ', 'WRITE'],
        isLimited: true,
        teams: { create: teamIds.map((teamId) => ({ teamId, userId: person.uuid })) },
      },
    });
    return [name, { ...person, token }];
  });
  return Object.fromEntries(await Promise.all(made)) as Record<Name, Cast['people'][Name]>;
}

test.each(['another team', 'the team'] as const)(
  '[FR-009] [SC-005] a token that is limited to %s allows what the role in it allows',
  async (limit) => {
    const world = worlds[limit];
    const cast = await gather(world, ['owner', 'lead', 'self', 'alone']);
    const stage = new Stage();
    const attempts = allAttempts(stage, cast).filter(
      ({ token, scene }) => token === null && scene.actor !== null,
    );
    await stage.write(world.db);
    const people = await limited(world, cast.people, async (userId) => {
      if (limit === 'another team') {
        const id = newId();
        const memberships = { create: { userId, role: 'OWNER' as const } };
        await world.db.team.create({ data: { id, name: id, slug: id, memberships } });
        return [id];
      }
      const joined = await world.db.membership.findMany({ where: { userId }, select: { teamId: true } });
      return joined.map(({ teamId }) => teamId);
    });
    await world.db.$executeRaw`ANALYZE`;
    const got: string[] = [];
    const expected: string[] = [];
    const foretold: string[] = [];
    const decided = attempts
      .flatMap((attempt) => {
        const mark = expectedOf(attempt, limit);
        return mark === undefined ? [] : [{ attempt, mark }];
      })
      .reverse();
    const waiting = sample(decided, 700);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) {
          const { attempt, mark } = next;
          const cell = `${attempt.table} | ${attempt.row} | ${attempt.column}`;
          const outcome = await tried(world, { ...cast, people }, attempt);
          got.push(`${cell}: ${outcome.ended}`);
          expected.push(`${cell}: ${mark}`);
          if (outcome.foretold === true && outcome.ended === 'F' && !PERSONAL.has(attempt.row))
            foretold.push(cell);
          if (outcome.elsewhere) expect(outcome.elsewhere, cell).toEqual(outcome.answer);
        }
      }),
    );
    expect(got.sort()).toEqual(expected.sort());
    expect(foretold).toEqual([]);
    expect(decided.length).toBeGreaterThan(1_000);
  },
  300_000,
);

test('every root field is in the table of what a credential with a limit may ask for', () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((root) => Object.values(root?.getFields() ?? {}));
  const named = fields.filter(({ extensions }) => extensions['isPublic'] !== true).map(({ name }) => name);
  expect([...WITHIN_TEAMS, ...OF_THE_PERSON].sort()).toEqual([...new Set(named)].sort());
});
