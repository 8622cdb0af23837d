/** The setting SIGN_UPS: who can create an account. A file of its own, since the settings import nothing of `auth`. */
export const SIGN_UP_MODES = ['open', 'invited', 'closed'] as const;

export type SignUpMode = (typeof SIGN_UP_MODES)[number];
