import { createHmac, randomBytes } from 'node:crypto';
import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** How long deliveries are also signed with the previous secret. */
export const OVERLAP_MS = 24 * 60 * 60_000;

export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** Encrypts a secret with the server's, as the signing keys of sessions are. */
export function sealed(secret: string, serverSecret: string): Promise<string> {
  return symmetricEncrypt({ key: serverSecret, data: secret });
}

/** @throws if it was encrypted with another server secret. */
export function unsealed(stored: string, serverSecret: string): Promise<string> {
  return symmetricDecrypt({ key: serverSecret, data: stored });
}

export interface Message {
  id: string;
  /** Of the attempt. */
  at: Date;
  body: string;
}

/** The headers of Standard Webhooks, with one signature per secret. */
export function signedHeaders({ id, at, body }: Message, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
