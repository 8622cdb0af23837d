import { changePassword, resetPassword, type PasswordChange } from '../server/auth/password-change.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';

const length = '8 to 128 characters.';

builder.relayMutationField(
  'changePassword',
  {
    description: 'The current and the new password.',
    inputFields: (t) => ({
      currentPassword: t.string({ required: true, description: 'Current password, as confirmation.' }),
      newPassword: t.string({ required: true, description: length }),
      revokeApiTokens: t.boolean({
        description:
          'Also revoke all of the viewer’s API tokens and disconnect all their applications. Default: false.',
      }),
    }),
  },
  {
    description:
      'Changes the viewer’s password and ends all their other sessions with their tokens. Fails with VALIDATION_FAILED if the current password is wrong; this counts as a failed sign-in, and too many fail with RATE_LIMITED. Requires a session: with an API token it fails with FORBIDDEN.',
    resolve: async (_root, { input }, { db, person, authServices }) => {
      const changed = await changePassword(db, authServices.signInLimits, person, input);
      const { endedSessionIds, revokedApiTokenIds, disconnectedApplicationIds } = changed;
      for (const id of [...endedSessionIds, ...revokedApiTokenIds, ...disconnectedApplicationIds])
        authServices.credentials.forget(id);
      return changed;
    },
  },
  {
    description: 'The result of changing the password.',
    outputFields: (t: PayloadFields<PasswordChange>) => ({
      endedSessions: t.int({
        description: 'Number of other sessions that ended.',
        resolve: ({ endedSessionIds }) => endedSessionIds.length,
      }),
      revokedApiTokens: t.int({
        description: 'Number of revoked API tokens.',
        resolve: ({ revokedApiTokenIds }) => revokedApiTokenIds.length,
      }),
      disconnectedApplications: t.int({
        description: 'Number of disconnected applications.',
        resolve: ({ disconnectedApplicationIds }) => disconnectedApplicationIds.length,
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
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
        description:
          'The part after `#` of the link that an operator issued with `npm run account -- reset`.',
      }),
      newPassword: t.string({ required: true, description: length }),
    }),
  },
  {
    public: true,
    description:
      'Sets a new password with a one-time link, which is valid for one hour. Fails with VALIDATION_FAILED if the link is not valid. Sign in afterwards.',
    resolve: async (_root, { input }, { db, authServices }) => {
      const changed = await resetPassword(db, input);
      for (const id of changed.endedSessionIds) authServices.credentials.forget(id);
      return changed;
    },
  },
  {
    description: 'The account with the new password.',
    outputFields: (t: PayloadFields<{ email: string }>) => ({
      email: t.exposeString('email', { description: 'Email address to sign in with.' }),
    }),
  },
);
