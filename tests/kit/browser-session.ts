import { PASSWORD, Refusal, type Person, type World } from './world.ts';

export interface BrowserSession {
  cookie: string;
  /** Sends an operation with the cookie of the session. @throws Refusal if the answer has an error. */
  query: <Data>(document: string, variables?: object) => Promise<Data>;
}

/** Signs a person in as the dashboard does, which gets a cookie. */
export async function browserOf({ url }: Pick<World, 'url'>, { email }: Person): Promise<BrowserSession> {
  const headers = { 'content-type': 'application/json', origin: url };
  const send = (query: string, variables: object, more = {}) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify({ query, variables }),
    });
  const signedIn = await send('mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }', {
    input: { email, password: PASSWORD },
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';', 1)[0])
    .join('; ');
  return {
    cookie,
    async query<Data>(document: string, variables: object = {}) {
      const response = await send(document, variables, { cookie });
      const { data, errors } = (await response.json()) as {
        data: Data;
        errors?: { message: string; extensions: Record<string, unknown> }[];
      };
      if (errors?.[0]) throw new Refusal(response.status, errors[0].message, errors[0].extensions);
      return data;
    },
  };
}
