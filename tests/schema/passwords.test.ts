import { expect, test } from 'vitest';
import { hashPassword } from '../../server/auth/passwords.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const { query, people, db } = await startWorld({ SIGN_IN_ATTEMPTS: '0', LOG_LEVEL: 'silent' });

const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }';

test('[BR-19] sixty concurrent sign-ups succeed, and others do not wait for a connection (M9)', async () => {
  const { ada } = await people('Ada');
  await ada.createTask('Water the plants');
  const held: number[] = [];
  let isOver = false;
  const watch = async () => {
    while (!isOver) {
      await ada.query('{ dashboard { statistics { total } } }');
      const [idle] = await db.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'`;
      held.push(idle?.count ?? 0);
    }
  };
  const watching = watch();
  const crowd = await Promise.allSettled(
    Array.from({ length: 60 }, (_, n) =>
      query(SIGN_UP, { input: { name: 'Crowd', email: `crowd${n}@example.com`, password: PASSWORD } }),
    ),
  );
  isOver = true;
  await watching;
  expect(crowd.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(await db.user.count({ where: { name: 'Crowd' } })).toBe(60);
  const average = held.reduce((sum, count) => sum + count, 0) / held.length;
  expect(average, 'connections that wait in a transaction').toBeLessThan(5);
});

test('[BR-19] a sign-in behind two hundred others gets Retry-After (M9)', async () => {
  let isOver = false;
  // Each repeats at once, so that the queue stays full during the request.
  const crowd = Array.from({ length: 202 }, async () => {
    do await hashPassword(PASSWORD);
    while (!isOver);
  });
  const input = { email: 'unknown@example.com', password: PASSWORD };
  const late = query('mutation ($input: SignInInput!) { signIn(input: $input) { token } }', { input });
  await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
  isOver = true;
  await Promise.all(crowd);
});
