import { createHmac } from 'node:crypto';

export interface RedisNamespace {
  nameOf(what: string): string;
  /** A key that does not reveal email addresses, IP addresses and ids. */
  hide(key: string): string;
}

const NAME_LENGTH = 12;

/** The namespace of one deployment, derived from its secret. */
export function redisNamespace(secret: string): RedisNamespace {
  const digest = (purpose: string, text: string) =>
    createHmac('sha256', secret).update(`taskwire redis ${purpose} ${text}`).digest('base64url');
  const prefix = `taskwire:${digest('namespace', '').slice(0, NAME_LENGTH)}`;
  return {
    nameOf: (what) => `${prefix}:${what}`,
    hide: (key) => digest('key', key),
  };
}
