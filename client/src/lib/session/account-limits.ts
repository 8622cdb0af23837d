/** The API's limits, in characters. */
export const longestName = 100;
export const longestPassword = 128;
