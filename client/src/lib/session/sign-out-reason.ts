/** Why somebody stands before the sign-in page again; the page says so. */
export type Farewell = 'session-ended' | 'signed-out';
