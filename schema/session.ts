import { signIn, signOut, signUp, type NewSession } from '../server/auth/sign-in.ts';
import type { SignUpMode as Mode } from '../server/auth/sign-up-mode.ts';
import { isFirstSignUp } from '../server/auth/sign-up-rule.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { User } from './user.ts';

const passwordLength = '8 to 128 characters.';

/** Sets the session cookie and makes the new viewer the viewer of the response. */
async function answered(session: Promise<NewSession>, context: Context): Promise<NewSession> {
  const begun = await session;
  context.setCookies.push(...begun.cookies);
  await context.enterAs(begun.viewer);
  return begun;
}

function sessionPayload(t: PayloadFields<NewSession>) {
  return {
    token: t.exposeString('token', {
      description: 'JWT for the header `Authorization: Bearer <token>`. Expires with its session.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token expires.' }),
    failedSignIns: t.exposeInt('failedSignIns', {
      description:
        'Failed sign-in attempts to this account since the last successful one. If they were not the viewer’s, the password should be changed.',
    }),
    viewer: t.prismaField({
      type: User,
      description: 'The signed-in person.',
      resolve: (query, { viewer }, _args, { db }) =>
        db.user.findFirstOrThrow({ ...query, where: { id: viewer.userId } }),
    }),
  };
}

const SignUpMode = builder.enumType('SignUpMode', {
  description: 'Who can create an account.',
  values: {
    OPEN: { value: 'open', description: 'Anyone.' },
    INVITED: {
      value: 'invited',
      description: 'The holder of the link of a team invitation or a share offer, with the invited address.',
    },
    CLOSED: { value: 'closed', description: 'Only the server’s operator.' },
  },
} as const);

const SignUpRules = builder.objectRef<{ mode: Mode; isFirst: boolean }>('SignUpRules').implement({
  description: 'Who can create an account on this server.',
  fields: (t) => ({
    mode: t.expose('mode', { type: SignUpMode, description: 'The setting SIGN_UPS.' }),
    isFirst: t.exposeBoolean('isFirst', {
      description: 'Whether there is no account yet. The first one can be created in each mode.',
    }),
  }),
});

builder.queryField('signUpRules', (t) =>
  t.field({
    type: SignUpRules,
    public: true,
    description: 'Who can create an account on this server. Does not require a session.',
    resolve: async (_root, _args, { db, authServices }) => ({
      mode: authServices.signUps,
      isFirst: await isFirstSignUp(db),
    }),
  }),
);

builder.relayMutationField(
  'signUp',
  {
    description: 'Properties of the new account.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: '1 to 100 characters.' }),
      email: t.string({
        required: true,
        description:
          'Any address that browsers accept in an email field. Stored trimmed, in lower case, with the domain in ASCII (Punycode).',
      }),
      password: t.string({ required: true, description: passwordLength }),
      timezone: t.string({
        description:
          'Time zone of the device, such as `Europe/Berlin`, `EST5EDT` or `+05:30`. Unknown values count as UTC. Default: UTC.',
      }),
      secret: t.string({
        description:
          'The part after `#` of the link of a team invitation or a share offer. Required if `signUpRules.mode` is INVITED; `email` must then be the invited address.',
      }),
    }),
  },
  {
    public: true,
    description:
      'Creates an account and signs in. Fails with CONFLICT if the email address is taken, and with FORBIDDEN if `signUpRules` does not allow it.',
    resolve: (_root, { input }, context) =>
      answered(signUp(context.authServices, input, context.headers), context),
  },
  { description: 'The first session of the new account.', outputFields: sessionPayload },
);

builder.relayMutationField(
  'signIn',
  {
    description: 'Credentials.',
    inputFields: (t) => ({
      email: t.string({
        required: true,
        description: 'Email address of the account, in any spelling that `signUp` accepts.',
      }),
      password: t.string({ required: true, description: passwordLength }),
    }),
  },
  {
    public: true,
    description: 'Signs in. Fails with UNAUTHENTICATED if the address or the password is wrong.',
    resolve: (_root, { input }, context) =>
      answered(signIn(context.authServices, input, context.headers), context),
  },
  { description: 'The new session.', outputFields: sessionPayload },
);

const SignOutPayload = builder.objectRef<{ signedOut: boolean }>('SignOutPayload').implement({
  description: 'The result of signing out.',
  fields: (t) => ({
    signedOut: t.exposeBoolean('signedOut', {
      description: 'Always true: the token and the cookie are no longer valid.',
    }),
  }),
});

builder.mutationField('signOut', (t) =>
  t.field({
    type: SignOutPayload,
    description: 'Ends the session of the credential that this request was sent with.',
    resolve: async (_root, _args, { authServices, person, headers, setCookies }) => {
      setCookies.push(...(await signOut(authServices, person, headers)));
      return { signedOut: true };
    },
  }),
);
