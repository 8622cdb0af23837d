/** The editable fields of a team. */
export interface TeamDraft {
  name: string;
  description: string;
}

/** The API's limits, in characters. */
export const longest = { name: 100, description: 2_000 };
