import { createHmac } from 'node:crypto';

/** Names in a Redis that other deployments may use too. */
export interface RedisNamespace {
  /** The full name of a key or channel. */
  nameOf(what: string): string;
  /** A key that does not show the email addresses, network addresses and ids that it was made from. */
  hide(key: string): string;
}

const NAME_LENGTH = 12;

/**
 * The namespace of one deployment. Servers that share a secret share it, as they share sessions; a new secret starts an
 * empty one.
 */
export function redisNamespace(secret: string): RedisNamespace {
  const digest = (purpose: string, text: string) =>
    createHmac('sha256', secret).update(`taskwire redis ${purpose} ${text}`).digest('base64url');
  const prefix = `taskwire:${digest('namespace', '').slice(0, NAME_LENGTH)}`;
  return {
    nameOf: (what) => `${prefix}:${what}`,
    hide: (key) => digest('key', key),
  };
}
