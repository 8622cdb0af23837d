import type { Client } from '@urql/core';
import { createContext } from 'svelte';
import type { SignOutReason } from '../session/sign-out-reason.ts';
import type { Connection } from './connection.svelte.ts';
import type { Failure } from './failure.ts';
import type { EventFollower } from './event-follower.ts';

interface Api {
  readonly client: Client;
  readonly connection: Connection;
  /** Goes to the sign-in page, says why there, and forgets everything that was read. */
  leave: (notice: SignOutReason) => Promise<void>;
}

/** The GraphQL client and the state of its connection, for every component below the root layout. */
export const [useApi, provideApi] = createContext<Api>();

/** Who is signed in, as every page of theirs needs to know; undefined until it is read. */
interface Viewer {
  readonly data: { readonly viewer: { readonly id: string; readonly timezone: string } } | undefined;
  readonly failure: Failure | undefined;
  refresh: () => void;
}

export const [useViewer, provideViewer] = createContext<Viewer>();

/** What keeps the pages of a signed-in person up to date. */
export const [useNews, provideNews] = createContext<EventFollower>();
