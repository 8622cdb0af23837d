import { graphql } from '../../gql/gql.ts';
import type { SignUpRulesQuery } from '../../gql/graphql.ts';
import { signedOutExpected } from '../api/client.ts';
import type { useApi } from '../api/context.ts';

const SignUpRules = graphql(`
  query SignUpRules {
    signUpRules {
      mode
      isFirst
    }
  }
`);

/** Who can create an account on this server. */
export class SignUp {
  #rules = $state.raw<SignUpRulesQuery['signUpRules']>();

  /** Whether there is no account yet. */
  get isFirst(): boolean {
    return this.#rules?.isFirst ?? false;
  }

  /** Why the visitor cannot create an account. Without an answer of the server, they can try. */
  refusal(secret: string | undefined): 'closed' | 'uninvited' | undefined {
    if (!this.#rules || this.isFirst) return undefined;
    if (this.#rules.mode === 'CLOSED') return 'closed';
    return this.#rules.mode === 'INVITED' && secret === undefined ? 'uninvited' : undefined;
  }

  async load(api: ReturnType<typeof useApi>): Promise<void> {
    const { data } = await api.client.query(SignUpRules, {}, signedOutExpected).toPromise();
    this.#rules = data?.signUpRules;
  }
}
