import type { Histogram } from '../observability/histogram.ts';
import type { AddressRules } from '../address-rules.ts';

/** What verbs need of the webhooks. */
export interface WebhookSettings {
  rules: AddressRules;
  /** Encrypts the secrets. */
  serverSecret: string;
}

/** Of an attempt; `dropped` events are not to be sent, `interrupted` ones are sent by another process. */
export type Outcome = 'delivered' | 'failed' | 'gone' | 'dropped' | 'disabled' | 'interrupted';

export interface SenderCounts {
  attempts: ReadonlyMap<Outcome, number>;
  durations: Histogram;
  /** Webhooks that are being served. */
  sending: number;
}
