import type { SharePermission } from '../../prisma/generated/client/client.ts';
import type { SignedIn } from '../auth/credentials.ts';
import type { AuthServices } from '../auth/sign-in.ts';
import type { Database } from '../database/client.ts';
import type { Live } from '../live/live.ts';
import type { SubscriberRights } from '../live/subscriber.ts';
import type { PayloadSink } from '../live/shared-payload.ts';
import type { PerformanceStore } from '../observability/store.ts';
import type { Person, Viewer } from '../policy.ts';

/** What every resolver can reach. */
export interface Context {
  db: Database;
  authServices: AuthServices;
  /** What this server has done, and how long it took. */
  performance: PerformanceStore;
  live: Live;
  /** Where a subscription's shared answers go; without one, among its others. */
  outlet?: PayloadSink;
  /** The headers of the request that carries the operation. */
  headers: Headers;
  /** Cookies to set with the answer. */
  setCookies: string[];
  /**
   * The person that the credential stands for.
   * @throws Unauthenticated where there is none.
   */
  readonly person: SignedIn;
  /** The person with all their rights, as `enter` last read them, or `become` gave them. */
  readonly viewer: Viewer;
  /** What was to be seen of the log when `enter` last read the rights: `cursorAt` makes a place in it of that. */
  readonly snapshot: string;
  /**
   * What a live share of a task allows the viewer; null without one. What is asked at the same time is looked up in one
   * statement.
   */
  shareOf(taskId: string): SharePermission | null | Promise<SharePermission | null>;
  /**
   * What the viewer's rights say to a question. Where nothing else is taken of the viewer, a subscription's answer goes
   * to all people whose rights say the same.
   */
  asks(question: Question): boolean | Promise<boolean>;
  /** Reads the person's rights, once an operation. */
  enter(): Promise<void>;
  /** Reads them again, after something was changed. */
  enterAgain(): Promise<void>;
  /** Reads the rights of a person who has signed in by this operation, for what its answer shows of them. */
  enterAs(person: Person): Promise<void>;
  /** Goes on with rights that were read elsewhere, as a subscription does with each event. */
  become(rights: SubscriberRights): void;
}

export type Question = (requester: Pick<Context, 'viewer' | 'shareOf'>) => boolean | Promise<boolean>;
