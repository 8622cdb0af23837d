/** Why somebody stands before the sign-in page again; the page says so. */
export type SignOutReason = 'session-ended' | 'signed-out';
