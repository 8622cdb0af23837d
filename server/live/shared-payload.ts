export interface SharedPayload {
  /** Key of a payload that is the same for all subscribers with this key. */
  sharedAs?: string;
}

/** Sends a serialized payload shared by many subscribers, skipping per-subscriber work. */
export interface PayloadSink {
  /** @param answer JSON. A returned promise applies backpressure. */
  send(answer: string): void | Promise<void>;
}
