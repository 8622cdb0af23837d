import { graphql } from '../../gql/gql.ts';
import { endsSession } from '../api/client.ts';
import type { useApi } from '../api/context.ts';
import { describeFailure } from '../api/failure.ts';
import { outbox } from '../outbox/outbox.svelte.ts';
import { clearDrafts } from '../task/draft-storage.ts';
import { toasts } from '../ui/toasts.svelte.ts';

const SignOut = graphql(`
  mutation SignOut {
    signOut {
      signedOut
    }
  }
`);

/** Ends the session and goes to the sign-in page. Shows an error if that fails. */
export async function signOut(api: ReturnType<typeof useApi>): Promise<void> {
  const { error } = await api.client.mutation(SignOut, {}, endsSession).toPromise();
  const failure = error && describeFailure(error);
  if (failure && failure.code !== 'UNAUTHENTICATED') toasts.show(failure.message);
  else {
    clearDrafts();
    outbox.clear();
    await api.leave('signed-out');
  }
}
