/** Why the sign-in page was opened; the page shows it. */
export type SignOutReason = 'session-ended' | 'signed-out';
