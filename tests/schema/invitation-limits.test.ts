import { expect, test } from 'vitest';
import { outcome, teamOf } from '../kit/team.ts';
import { Refusal, startWorld, type Person } from '../kit/world.ts';

/** Two invitations from one person to one address, ten to one address from all people. */
const { people } = await startWorld({ INVITATIONS_PER_HOUR: '20' });

const INVITE = 'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { cursor } }';

const invite = (person: Person, teamId: string, email: string) =>
  person.query(INVITE, { input: { teamId, email } });

test('a person who invites very many addresses has to wait, and others do not (security review, suspicions)', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada);
  for (let n = 0; n < 20; n += 1) await invite(ada, team.id, `person${n}@example.com`);
  const refused: unknown = await invite(ada, team.id, 'person20@example.com').catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
  const { retryAfter } = (refused as Refusal).extensions;
  expect(retryAfter).toBeGreaterThan(3_000);
  expect(retryAfter).toBeLessThanOrEqual(3_600);
  expect(await outcome(invite(bob, (await teamOf(bob)).id, 'person20@example.com'))).toBe('ok');
});

test('each person can invite an address a few times, in any spelling and team (security review, suspicions)', async () => {
  const senders = Object.values(await people('Cleo', 'Dan', 'Eve', 'Fay', 'Gus', 'Hal'));
  const outcomes: unknown[][] = [];
  for (const sender of senders) {
    const own: unknown[] = [];
    for (const email of ['often@example.com', ' Often@Example.com', 'often@example.com'])
      own.push(await outcome(invite(sender, (await teamOf(sender)).id, email)));
    outcomes.push(own);
  }
  const some = ['ok', 'ok', 'RATE_LIMITED'];
  const none = ['RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED'];
  expect(outcomes).toEqual([some, some, some, some, some, none]);
  const [last] = senders.slice(-1);
  if (last) expect(await outcome(invite(last, (await teamOf(last)).id, 'other@example.com'))).toBe('ok');
});
