/** The longest that the API accepts, in characters. */
export const longestName = 100;
export const longestPassword = 128;
