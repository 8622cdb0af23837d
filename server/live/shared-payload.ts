/** What a subscription's payload may carry. */
export interface SharedPayload {
  /** Names what is told, where that is the same for whoever is told of it, and is told in its order. */
  sharedAs?: string;
}

/** Takes answers that are the same for many past everything that is done for one alone: their text is made once. */
export interface PayloadSink {
  /** @param answer as JSON. The promise, if any, is that of a reader who does not keep up. */
  send(answer: string): void | Promise<void>;
}
