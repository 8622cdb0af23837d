import { Prisma, type TeamRole } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';
import { isTransaction, type Transaction } from '../database/transaction.ts';
import { SNAPSHOT } from '../log/cursor.ts';
import { Unauthenticated } from '../errors.ts';
import { ownIdOf, type Person, type Viewer } from '../policy.ts';
import { unseen } from './unseen.ts';

export interface ViewerNow extends Viewer {
  seen: string;
}

interface Row {
  id: string;
  verifiedEmail: string | null;
  seen: string;
  teams: Record<string, TeamRole> | null;
}

type Rights = Omit<Row, 'id' | 'teams'> & Pick<Viewer, 'teams'>;

const NO_ONE: ReadonlySet<string> = new Set();

const batchers = new WeakMap<Database, Batcher<string, Rights | undefined>>();

/**
 * Outside transactions, concurrent calls are batched.
 * @param adminEmails not needed for changes, since administrators can only read more.
 * @throws Unauthenticated if the account no longer exists.
 */
export async function viewerOf(
  db: Database | Transaction,
  person: Person,
  adminEmails = NO_ONE,
): Promise<ViewerNow> {
  const { userId, limit } = person;
  const rights = isTransaction(db)
    ? rightsOf(await db.$queryRaw<Row[]>(statementFor([userId]))).get(userId)
    : await batcherOf(db as Database).add(userId);
  if (!rights) throw new Unauthenticated('This account no longer exists.');
  const { verifiedEmail, seen, teams } = rights;
  const known = { person, actorId: userId, ownId: ownIdOf(person), seen };
  if (limit) {
    // A team that the person has left does not return, while the credential is cached.
    for (const id of limit.teamIds) if (!teams.has(id)) limit.teamIds.delete(id);
    const within = new Map([...teams].filter(([id]) => limit.teamIds.has(id)));
    return { ...known, verifiedEmail: null, teams: within, isAdmin: false };
  }
  const isAdmin = verifiedEmail !== null && adminEmails.has(verifiedEmail);
  return { ...known, verifiedEmail, teams, isAdmin };
}

function batcherOf(db: Database): Batcher<string, Rights | undefined> {
  const batcher =
    batchers.get(db) ??
    new Batcher(async (userIds) => {
      const rights = rightsOf(await run<Row>(db, statementFor([...new Set(userIds)])));
      return userIds.map((userId) => rights.get(userId));
    });
  batchers.set(db, batcher);
  return batcher;
}

function statementFor(userIds: string[]): Prisma.Sql {
  return Prisma.sql`
    /* viewerOf */
    SELECT id, CASE WHEN email_verified THEN email END AS "verifiedEmail", ${Prisma.raw(SNAPSHOT)} AS seen,
           (SELECT json_object_agg(team_id, role) FROM memberships WHERE user_id = users.id) AS teams
    FROM users WHERE id = ANY(${unseen(userIds, 'uuid[]')})`;
}

function rightsOf(rows: readonly Row[]): ReadonlyMap<string, Rights> {
  return new Map(
    rows.map(({ id, verifiedEmail, seen, teams }) => [
      id,
      { verifiedEmail, seen, teams: new Map(Object.entries(teams ?? {})) },
    ]),
  );
}
