import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../schema/context.ts';
import type { SignedIn } from '../auth/credentials.ts';
import type { Gate } from '../auth/sign-in.ts';
import { Unauthenticated } from '../errors.ts';
import type { Viewer } from '../policy.ts';
import { viewerOf } from '../sql/viewer.ts';
import { withoutForeignCookie } from '../auth/same-origin.ts';

/**
 * Resolves an operation's credential once, and lets resolvers ask for the viewer. An operation that never asks
 * works without one, so that a cookie which has run out keeps nobody from signing in again.
 */
export function viewerContext(gate: Gate, publicUrl: string): Plugin<Context> {
  return {
    async onContextBuilding({ context, extendContext }) {
      const headers = withoutForeignCookie(context.request.headers, publicUrl);
      const signedIn = await gate.credentials.resolve(headers).catch((error: unknown) => {
        if (error instanceof Unauthenticated) return error;
        throw error;
      });
      const person = (): SignedIn => {
        if (signedIn instanceof Unauthenticated) throw signedIn;
        if (!signedIn)
          throw new Unauthenticated('Sign in first: send "Authorization: Bearer <token>" along.');
        return signedIn;
      };
      let viewer: Viewer | undefined;
      let entering: Promise<void> | undefined;
      const readRights = async () => {
        viewer = await viewerOf(gate.db, person(), gate.adminEmails);
      };
      extendContext({
        db: gate.db,
        gate,
        headers,
        setCookies: [],
        enter: () => (entering ??= readRights()),
        enterAgain: () => (entering = readRights()),
      });
      Object.defineProperties(context, {
        person: { get: person },
        viewer: {
          get() {
            if (!viewer)
              throw new Error('the guard of root fields reads rights before anything asks for them');
            return viewer;
          },
        },
      });
    },

    onResponse({ response, serverContext }) {
      const { setCookies } = serverContext as Partial<Context>;
      for (const cookie of setCookies ?? []) response.headers.append('set-cookie', cookie);
    },
  };
}
