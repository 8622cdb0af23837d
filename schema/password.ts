import { changePassword, resetPassword, type PasswordChange } from '../server/auth/password-change.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';

const length = '8 to 128 characters.';

builder.relayMutationField(
  'changePassword',
  {
    description: 'The old password and the new one.',
    inputFields: (t) => ({
      currentPassword: t.string({ required: true, description: 'The password until now.' }),
      newPassword: t.string({ required: true, description: length }),
      revokeApiTokens: t.boolean({
        description:
          'Whether to revoke all API tokens of the viewer, too. False when left out: programs go on working.',
      }),
    }),
  },
  {
    description:
      'Changes the viewer’s password, and ends all their other sessions with the tokens of those. A wrong current password gives VALIDATION_FAILED; it counts as a failed sign-in, and RATE_LIMITED follows after as many. It takes a session: with an API token it is FORBIDDEN.',
    resolve: async (_root, { input }, { db, person, authServices }) => {
      const changed = await changePassword(db, authServices.signInLimits, person, input);
      for (const id of [...changed.endedSessionIds, ...changed.revokedApiTokenIds])
        authServices.credentials.forget(id);
      return changed;
    },
  },
  {
    description: 'What the new password has ended.',
    outputFields: (t: PayloadFields<PasswordChange>) => ({
      endedSessions: t.int({
        description: 'How many other sessions have ended.',
        resolve: ({ endedSessionIds }) => endedSessionIds.length,
      }),
      revokedApiTokens: t.int({
        description: 'How many API tokens were revoked.',
        resolve: ({ revokedApiTokenIds }) => revokedApiTokenIds.length,
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

builder.relayMutationField(
  'resetPassword',
  {
    description: 'The secret of a one-time link, and the new password.',
    inputFields: (t) => ({
      token: t.string({
        required: true,
        description: 'What follows `#` in the link that an operator issued with `npm run account -- reset`.',
      }),
      newPassword: t.string({ required: true, description: length }),
    }),
  },
  {
    public: true,
    description:
      'Sets a password by a one-time link, which works once and for an hour. A link that does not gives VALIDATION_FAILED. Sign in afterwards.',
    resolve: async (_root, { input }, { db, authServices }) => {
      const changed = await resetPassword(db, input);
      for (const id of changed.endedSessionIds) authServices.credentials.forget(id);
      return changed;
    },
  },
  {
    description: 'The account that has a new password.',
    outputFields: (t: PayloadFields<{ email: string }>) => ({
      email: t.exposeString('email', { description: 'The address to sign in with.' }),
    }),
  },
);
