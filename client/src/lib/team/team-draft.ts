/** What a person types of a team. */
export interface TeamDraft {
  name: string;
  description: string;
}

/** In characters, as the server counts them. */
export const longest = { name: 100, description: 2_000 };
