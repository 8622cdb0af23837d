import { expect, test } from 'vitest';
import { verbNamed } from '../../../server/domain/approval-verbs.ts';
import { connected } from '../../kit/oauth.ts';
import { startWorld } from '../../kit/world.ts';
import { allAttempts, READERS, tried, type Attempt } from '../../schema/matrix/attempts.ts';
import { gather, type Cast, type Name } from '../../schema/matrix/cast.ts';
import { Stage } from '../../schema/matrix/stage.ts';

const world = await startWorld();

const AT_ONCE = 8;

/** What only a session can do. */
const OF_SESSIONS = new Set([
  'revokeApiToken',
  'endSession',
  'disconnectApplication',
  'createWebhook',
  'createWebhook of it',
  'createApiToken of it',
  'updateWebhook',
  'deleteWebhook',
  'rotateWebhookSecret',
  'undoRun',
]);

function expectedOf({ row, column, expected }: Attempt): string {
  const [field = ''] = row.split(/[ ,.]/);
  if (expected === '✓' && verbNamed(field)) return 'CONFIRMATION_REQUIRED';
  return OF_SESSIONS.has(row) && column !== 'nobody' ? 'F' : expected;
}

test('[FR-009] [FR-011] [SC-005] the tables of rights hold for applications that are connected by OAuth', async () => {
  const cast = await gather(world, READERS);
  const stage = new Stage();
  const attempts = allAttempts(stage, cast);
  const people: Record<string, Cast['people'][Name]> = {};
  for (const [name, person] of Object.entries(cast.people)) {
    const { token } = await connected(world, person, { path: '/graphql' });
    people[name] = { ...person, token };
  }
  const reading = new Map<Name, string>();
  for (const name of READERS) {
    const { token } = await connected(world, cast.people[name], { path: '/graphql', scope: 'read' });
    reading.set(name, token);
  }
  // After the tokens: the scenes fill the limit of applications.
  await stage.write(world.db);
  await world.db.$executeRaw`ANALYZE`;
  const writing = new Map<Name, string>([['alone', people['alone']?.token ?? '']]);
  const applications = {
    ...cast,
    people: people as Cast['people'],
    tokens: { READ: reading, WRITE: writing },
  };

  const got: string[] = [];
  const expected: string[] = [];
  // What a session can do is tried by a session. In the order of the tables: changes show people to each other.
  const tables = attempts.filter(({ column }) => column !== 'session');
  // What waits for a person comes last, since the others read what is waiting.
  const waits = (attempt: Attempt) => expectedOf(attempt) === 'CONFIRMATION_REQUIRED';
  const waiting = [...tables.filter((each) => !waits(each)), ...tables.filter(waits)].reverse();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { table, row, column, token } = next;
        // At most 20 can wait for one person.
        await world.db.approval.deleteMany({ where: { applicationId: { not: null } } });
        const { actor } = next.scene;
        if (actor !== null && waits(next)) {
          const where = { userId: cast.people[actor].uuid };
          await world.db.approval.updateMany({ where, data: { status: 'REFUSED' } });
        }
        const cell = `${table} | ${row} | ${column}${token === null ? '' : ` by ${token}`}`;
        got.push(`${cell}: ${(await tried(world, applications, next)).ended}`);
        expected.push(`${cell}: ${expectedOf(next)}`);
      }
    }),
  );
  expect(got.sort()).toEqual(expected.sort());
  expect(got.length).toBeGreaterThan(1_000);
}, 300_000);
