import type { SignedIn } from '../server/auth/credentials.ts';
import type { Gate } from '../server/auth/sign-in.ts';
import type { Database } from '../server/database/client.ts';
import type { Viewer } from '../server/policy.ts';

/** What every resolver can reach. */
export interface Context {
  db: Database;
  gate: Gate;
  /** The headers of the request that carries the operation. */
  headers: Headers;
  /** Cookies to set with the answer. */
  setCookies: string[];
  /**
   * The person that the credential stands for.
   * @throws Unauthenticated where there is none.
   */
  readonly person: SignedIn;
  /** The person with all their rights, as `enter` last read them. */
  readonly viewer: Viewer;
  /** Reads the person's rights, once an operation. */
  enter(): Promise<void>;
  /** Reads them again, after something was changed. */
  enterAgain(): Promise<void>;
}
