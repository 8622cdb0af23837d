import { APIError } from 'better-auth/api';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { classify } from '../database/failures.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { endSessions } from '../domain/session.ts';
import { append } from '../events/log.ts';
import { newId } from '../ids.ts';

type Run = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

/**
 * The database as the auth library sees it. Whom it signs up, and which sessions it begins and ends, goes into
 * the log in the same transaction, by whichever of the library's paths it comes.
 */
export function recordedDatabase(db: Database, onSessionEnd: (sessionId: string) => void): Database {
  return overlay(db, {
    ...recorders(db, (work) => inTransaction(db, work), onSessionEnd),
    $transaction: (work: (tx: Transaction) => Promise<unknown>) =>
      db.$transaction((tx) =>
        work(
          overlay(
            tx,
            recorders(tx, (inner) => inner(tx), onSessionEnd),
          ),
        ),
      ),
  });
}

function recorders(client: Transaction, run: Run, onSessionEnd: (sessionId: string) => void) {
  return {
    user: overlay(client.user, {
      create: ({ data, ...rest }: Prisma.UserCreateArgs) =>
        run(async (tx) => {
          const id = newId();
          const user = await tx.user.create({ ...rest, data: { ...data, id } }).catch(takenAddress);
          await append(tx, { kind: 'user.signedUp', actorId: id, subjectId: id, data: {} });
          return user;
        }),
    }),
    session: overlay(client.session, {
      create: ({ data, ...rest }: { data: Prisma.SessionUncheckedCreateInput }) =>
        run(async (tx) => {
          const id = newId();
          const session = await tx.session.create({ ...rest, data: { ...data, id } });
          await append(tx, { kind: 'session.started', actorId: data.userId, subjectId: id, data: {} });
          return session;
        }),
      delete: ({ where }: Prisma.SessionDeleteArgs) => end(where as Prisma.SessionWhereInput),
      deleteMany: ({ where }: Prisma.SessionDeleteManyArgs) => end(where ?? {}),
    }),
  };

  async function end(where: Prisma.SessionWhereInput): Promise<{ count: number }> {
    const ended = await run((tx) => endSessions(tx, where));
    ended.forEach(onSessionEnd);
    return { count: ended.length };
  }
}

/** Two people can ask for one address at the same moment; the index decides, and the second is told so. */
function takenAddress(error: unknown): never {
  if (classify(error).kind !== 'unique-violation') throw error;
  throw new APIError('UNPROCESSABLE_ENTITY', {
    code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
    message: 'This email address has an account already.',
  });
}

function overlay<Target extends object>(target: Target, changed: object): Target {
  return new Proxy(target, {
    get: (_target, name) => Reflect.get(name in changed ? changed : target, name) as unknown,
    has: (_target, name) => name in changed || name in target,
  });
}
