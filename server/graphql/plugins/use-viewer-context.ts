import type { Plugin } from 'graphql-yoga';
import type { OauthResource } from '../../../prisma/generated/client/client.ts';
import type { Context, Question } from '../context.ts';
import type { SignedIn } from '../../auth/credentials.ts';
import type { AuthServices } from '../../auth/sign-in.ts';
import { Unauthenticated, ViewerChanged } from '../../errors.ts';
import { publicId } from '../../ids.ts';
import type { KnownShares } from '../../live/known-shares.ts';
import type { Live } from '../../live/live.ts';
import { beginRun, runNamed } from '../../log/agent-run.ts';
import type { EventSource } from '../../log/source.ts';
import type { SubscriberRights } from '../../live/subscriber.ts';
import type { Monitoring } from '../../observability/monitoring.ts';
import type { PerformanceStore } from '../../observability/store.ts';
import { ownIdOf, type Person, type Viewer } from '../../policy.ts';
import { currentRequest, shareOfAddress } from '../../request-context.ts';
import { shareOf } from '../../sql/shares.ts';
import { viewerOf } from '../../sql/viewer.ts';
import type { Services } from '../../services.ts';

/** @param as the person to act for, if the server does so itself; the headers name no one then. */
export type ContextOf = (headers: Headers, resource: OauthResource, as?: SignedIn) => Promise<Context>;

type OperationServices = Pick<ContextServices, 'assistant' | 'authServices' | 'live' | 'store' | 'webhooks'>;

export const VIEWER_HEADER = 'taskwire-viewer';
export const RUN_HEADER = 'taskwire-run';

type ContextServices = Pick<
  Services,
  'assistant' | 'authServices' | 'live' | 'origins' | 'log' | 'webhooks'
> &
  Pick<Monitoring, 'store'>;

/** Operations that do not need a viewer ignore an expired cookie, so that it does not prevent sign-in. */
export function createContexts(services: ContextServices): ContextOf {
  const { authServices, origins, log } = services;
  const note = throttle(NOTE_EVERY_MS, (why: string) => {
    log.warn(why);
  });

  function untrusted(headers: Headers): Unauthenticated | null {
    if (origins.trusts(headers) || !headers.has('cookie')) return null;
    const why = origins.whyUntrusted(headers);
    note(why);
    return new Unauthenticated(why);
  }

  return async (headers, resource, as) => {
    if (as) {
      takeShare(as);
      return new OperationContext(services, headers, resource, [], as, runNamed(headers.get(RUN_HEADER)));
    }
    const run = runNamed(headers.get(RUN_HEADER));
    const setCookies = authServices.credentials.staleCookies(headers);
    const signedIn = await authServices.credentials
      .resolve(headers, resource, (cookies) => setCookies.push(...cookies))
      .catch((error: unknown) => {
        if (error instanceof Unauthenticated) return error;
        throw error;
      });
    takeShare(signedIn);
    const identity = asExpected(headers, signedIn) ?? untrusted(headers);
    return new OperationContext(services, headers, resource, setCookies, identity, run);
  };
}

/** For the server's own work on behalf of a person, who can read only. */
export function contextOfPerson(services: OperationServices, rights: SubscriberRights): Context {
  const signedIn = {
    ...rights.viewer.person,
    sessionId: null,
    isBrowser: false,
    through: null,
    tokenId: null,
    tokenName: null,
    mayWrite: false,
    endsAt: null,
    resource: null,
  };
  const context = new OperationContext(services, new Headers(), 'GRAPHQL', [], signedIn);
  context.become(rights);
  return context;
}

/** Any client can cause these log lines. */
const NOTE_EVERY_MS = 60_000;

function throttle<Given>(milliseconds: number, act: (given: Given) => void): (given: Given) => void {
  let quietUntil = 0;
  return (given) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + milliseconds;
    act(given);
  };
}

type Identity = SignedIn | Unauthenticated | null;

function takeShare(signedIn: Identity): void {
  const request = currentRequest();
  if (!request) return;
  const isPerson = signedIn !== null && !(signedIn instanceof Unauthenticated);
  request.requester.share = isPerson ? signedIn.userId : shareOfAddress(request);
}

/** Tabs of a browser share its cookie, so the person can differ from the one a page shows. */
function asExpected(headers: Headers, signedIn: Identity): Identity {
  const expected = headers.get(VIEWER_HEADER);
  if (expected === null || !signedIn || signedIn instanceof Unauthenticated) return signedIn;
  return expected === publicId('User', signedIn.userId) ? signedIn : new ViewerChanged();
}

/** A class, since creating an object with getters takes longer than a small operation. */
class OperationContext implements Context {
  readonly db: Context['db'];
  readonly authServices: AuthServices;
  readonly live: Live;
  readonly assistant: Context['assistant'];
  readonly webhooks: Context['webhooks'];
  readonly performance: PerformanceStore;
  readonly headers: Headers;
  readonly resource: OauthResource;
  readonly setCookies: string[];
  private readonly signedIn: Identity;
  private readonly run: string | null;
  private rights: Viewer | undefined;
  private shares: KnownShares | undefined;
  private snapshotText: string | undefined;
  private entering: Promise<void> | undefined;

  constructor(
    { assistant, authServices, live, store, webhooks }: OperationServices,
    headers: Headers,
    resource: OauthResource,
    setCookies: string[],
    signedIn: Identity,
    run: string | null = null,
  ) {
    this.db = authServices.db;
    this.authServices = authServices;
    this.live = live;
    this.assistant = assistant;
    this.webhooks = webhooks;
    this.performance = store;
    this.headers = headers;
    this.resource = resource;
    this.setCookies = setCookies;
    this.signedIn = signedIn;
    this.run = run;
  }

  get person(): SignedIn {
    if (this.signedIn instanceof Unauthenticated) throw this.signedIn;
    if (!this.signedIn)
      throw new Unauthenticated('Sign in first: send the header "Authorization: Bearer <token>".');
    return this.signedIn;
  }

  get viewer(): Viewer {
    if (!this.rights) throw new Error('rights are not loaded yet; root fields load them first');
    return this.rights;
  }

  get snapshot(): string {
    return this.snapshotText ?? '';
  }

  async stillSignedIn(): Promise<SignedIn | null> {
    const { person } = this;
    if (person.through === 'ASSISTANT') return person;
    return this.authServices.credentials.resolve(this.headers, this.resource);
  }

  async source(): Promise<EventSource | null> {
    const { userId, tokenId, tokenName, through: kind } = this.person;
    if (tokenId === null || kind === null) return null;
    const agent = { userId, credentialId: tokenId, kind, name: tokenName ?? '' };
    return { runId: await beginRun(this.db, agent, this.run), approvalId: null };
  }

  enter(): Promise<void> {
    return (this.entering ??= this.readRights());
  }

  enterAgain(): Promise<void> {
    return (this.entering = this.readRights());
  }

  shareOf(taskId: string): ReturnType<Context['shareOf']> {
    return this.shares ? this.shares.of(taskId) : shareOf(this.db, ownIdOf(this.person), taskId);
  }

  asks(question: Question): boolean | Promise<boolean> {
    return question(this);
  }

  become({ viewer, shares }: SubscriberRights): void {
    this.rights = viewer;
    this.shares = shares;
  }

  enterAs(person: Person): Promise<void> {
    return (this.entering = this.readRights(person));
  }

  private async readRights(person: Person = this.person): Promise<void> {
    const now = await viewerOf(this.db, person, this.authServices.adminEmails);
    this.snapshotText = now.seen;
    this.rights = now;
    // Later reads must include everything before the snapshot.
    const request = currentRequest();
    if (request) request.requester.isReplicaCurrent = undefined;
  }
}

export function useViewerContext(contextOf: ContextOf): Plugin<Context> {
  return {
    async onContextBuilding({ context }) {
      // Yoga keeps using its own object, so ours becomes its prototype.
      Object.setPrototypeOf(context, await contextOf(context.request.headers, 'GRAPHQL'));
    },

    onResponse({ response, serverContext }) {
      const { setCookies } = serverContext as Partial<Context>;
      for (const cookie of setCookies ?? []) response.headers.append('set-cookie', cookie);
    },
  };
}
