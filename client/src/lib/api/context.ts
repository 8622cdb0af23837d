import type { Client } from '@urql/core';
import { createContext } from 'svelte';
import type { SignOutReason } from '../session/sign-out-reason.ts';
import type { Connection } from './connection.svelte.ts';
import type { Failure } from './failure.ts';
import type { EventFollower } from './event-follower.ts';

export interface Api {
  readonly client: Client;
  readonly connection: Connection;
  /** Goes to the sign-in page with a notice, and clears the cache. */
  leave: (notice: SignOutReason) => Promise<void>;
}

/** The GraphQL client and its connection, for all components below the root layout. */
export const [useApi, provideApi] = createContext<Api>();

/** The signed-in person; `data` is undefined until it is loaded. */
interface Viewer {
  readonly data:
    | { readonly viewer: { readonly id: string; readonly name: string; readonly timezone: string } }
    | undefined;
  readonly failure: Failure | undefined;
  refresh: () => void;
}

export const [useViewer, provideViewer] = createContext<Viewer>();

/** Keeps the pages of a signed-in person up to date. */
export const [useEventFollower, provideEventFollower] = createContext<EventFollower>();
