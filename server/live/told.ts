/** What a subscription's payload may carry. */
export interface Told {
  /** Names what is told, where that is the same for whoever is told of it, and is told in its order. */
  sharedAs?: string;
}
