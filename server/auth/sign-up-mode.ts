/** The setting SIGN_UPS: who can create an account. */
export const SIGN_UP_MODES = ['open', 'invited', 'closed'] as const;

export type SignUpMode = (typeof SIGN_UP_MODES)[number];
