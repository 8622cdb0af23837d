import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../schema/builder.ts';
import type { Gate } from '../auth/sign-in.ts';
import { Unauthenticated } from '../errors.ts';
import { withoutForeignCookie } from '../auth/same-origin.ts';

/**
 * Resolves an operation's credential once, and lets resolvers ask for the viewer. An operation that never asks
 * works without one, so that a cookie which has run out keeps nobody from signing in again.
 */
export function viewerContext(gate: Gate, publicUrl: string): Plugin<Context> {
  return {
    async onContextBuilding({ context, extendContext }) {
      const headers = withoutForeignCookie(context.request.headers, publicUrl);
      const viewer = await gate.credentials.resolve(headers).catch((error: unknown) => {
        if (error instanceof Unauthenticated) return error;
        throw error;
      });
      extendContext({ db: gate.db, gate, headers, setCookies: [] });
      Object.defineProperty(context, 'viewer', {
        get() {
          if (viewer instanceof Unauthenticated) throw viewer;
          if (!viewer)
            throw new Unauthenticated('Sign in first: send "Authorization: Bearer <token>" along.');
          return viewer;
        },
      });
    },

    onResponse({ response, serverContext }) {
      const { setCookies } = serverContext as Partial<Context>;
      for (const cookie of setCookies ?? []) response.headers.append('set-cookie', cookie);
    },
  };
}
