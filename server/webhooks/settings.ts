import type { AddressRules } from './addresses.ts';

/** What verbs need of the webhooks. */
export interface WebhookSettings {
  rules: AddressRules;
  /** Encrypts the secrets. */
  serverSecret: string;
}
