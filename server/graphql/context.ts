import type { OauthResource, SharePermission } from '../../prisma/generated/client/client.ts';
import type { AssistantControl } from '../assistant/settings.ts';
import type { SignedIn } from '../auth/credentials.ts';
import type { AuthServices } from '../auth/sign-in.ts';
import type { Database } from '../database/client.ts';
import type { Live } from '../live/live.ts';
import type { SubscriberRights } from '../live/subscriber.ts';
import type { EventSource } from '../log/source.ts';
import type { PayloadSink } from '../live/shared-payload.ts';
import type { PerformanceStore } from '../observability/store.ts';
import type { Person, Viewer } from '../policy.ts';
import type { WebhookSettings } from '../webhooks/settings.ts';

export interface Context {
  db: Database;
  authServices: AuthServices;
  performance: PerformanceStore;
  live: Live;
  assistant: AssistantControl;
  webhooks: WebhookSettings;
  /** Receives the serialized payloads of a subscription. Without it, they are yielded like any result. */
  outlet?: PayloadSink;
  headers: Headers;
  /** What the operation is sent to, for tokens that are only valid there. */
  readonly resource: OauthResource;
  setCookies: string[];
  /** @throws Unauthenticated without a valid credential. */
  readonly person: SignedIn;
  readonly viewer: Viewer;
  /** Snapshot of the log when the rights were loaded; `cursorAt` converts it to a cursor. */
  readonly snapshot: string;
  /** The permission of the viewer's active share of a task. Concurrent calls are batched. */
  shareOf(taskId: string): SharePermission | null | Promise<SharePermission | null>;
  /** A shared payload that only asks questions is sent to all viewers with the same answers. */
  asks(question: Question): boolean | Promise<boolean>;
  /** The credential, checked again. Null if it is gone. @throws Unauthenticated if it has ended. */
  stillSignedIn(): Promise<SignedIn | null>;
  /** Through what the operation makes changes; null for a session. */
  source(): Promise<EventSource | null>;
  /** Loads the viewer's rights, once per operation. */
  enter(): Promise<void>;
  enterAgain(): Promise<void>;
  enterAs(person: Person): Promise<void>;
  /** Sets rights that were loaded elsewhere, as subscriptions do for each event. */
  become(rights: SubscriberRights): void;
}

export type Question = (requester: Pick<Context, 'viewer' | 'shareOf'>) => boolean | Promise<boolean>;
