import { signIn, signOut, signUp, type NewSession } from '../server/auth/sign-in.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { User } from './user.ts';

const passwordLength = '8 to 128 characters.';

/** Sets the browser's cookie along with the answer, which shows what the person who has signed in may see. */
async function answered(session: Promise<NewSession>, context: Context): Promise<NewSession> {
  const begun = await session;
  context.setCookies.push(...begun.cookies);
  await context.enterAs(begun.viewer);
  return begun;
}

function sessionPayload(t: PayloadFields<NewSession>) {
  return {
    token: t.exposeString('token', {
      description: 'A JWT for the header `Authorization: Bearer <token>`. It ends with its session.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token runs out.' }),
    failedSignIns: t.exposeInt('failedSignIns', {
      description:
        'How often signing in to this account has failed since it last succeeded. Where it was not the person, they should have another password.',
    }),
    viewer: t.prismaField({
      type: User,
      description: 'The person who is signed in now.',
      resolve: (query, { viewer }, _args, { db }) =>
        db.user.findUniqueOrThrow({ ...query, where: { id: viewer.userId } }),
    }),
  };
}

builder.relayMutationField(
  'signUp',
  {
    description: 'Who the new person is.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: '1 to 100 characters.' }),
      email: t.string({
        required: true,
        description:
          'Kept without spaces around it, in lower case, and with its domain in ASCII (punycode). Any address that a browser’s form takes is taken.',
      }),
      password: t.string({ required: true, description: passwordLength }),
      timezone: t.string({
        description:
          'As the device reports it, like `Europe/Berlin`, `EST5EDT` or `+05:30`; one that is not known counts as UTC, as when left out.',
      }),
    }),
  },
  {
    public: true,
    description: 'Makes an account and signs its person in. A taken email address gives CONFLICT.',
    resolve: (_root, { input }, context) =>
      answered(signUp(context.authServices, input, context.headers), context),
  },
  { description: 'The new person’s first session.', outputFields: sessionPayload },
);

builder.relayMutationField(
  'signIn',
  {
    description: 'Who wants to sign in.',
    inputFields: (t) => ({
      email: t.string({
        required: true,
        description: 'The address of the account, in any spelling that signing up takes.',
      }),
      password: t.string({ required: true, description: passwordLength }),
    }),
  },
  {
    public: true,
    description: 'Begins a session. A wrong address or password gives UNAUTHENTICATED.',
    resolve: (_root, { input }, context) =>
      answered(signIn(context.authServices, input, context.headers), context),
  },
  { description: 'The session that has begun.', outputFields: sessionPayload },
);

const SignOutPayload = builder.objectRef<{ signedOut: boolean }>('SignOutPayload').implement({
  description: 'The end of a session.',
  fields: (t) => ({
    signedOut: t.exposeBoolean('signedOut', {
      description: 'Always true: the token and the cookie are worth nothing now.',
    }),
  }),
});

builder.mutationField('signOut', (t) =>
  t.field({
    type: SignOutPayload,
    description: 'Ends the session of the credential that this request carries.',
    resolve: async (_root, _args, { authServices, person, headers, setCookies }) => {
      setCookies.push(...(await signOut(authServices, person, headers)));
      return { signedOut: true };
    },
  }),
);
