import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/**
 * Whom a request comes from; undefined for a program on this machine itself.
 * @param proxies how many proxies stand in front, each of which adds whom it heard from to `X-Forwarded-For`. What a
 * client writes there by itself stands further to the left, and is not believed.
 */
export function addressOf({ headers, socket }: IncomingMessage, proxies: number): string | undefined {
  const heard = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const passedOn = proxies > 0 ? heard.at(-proxies)?.trim() : undefined;
  const address = passedOn ?? socket.remoteAddress ?? '';
  return LOOPBACK.test(address) ? undefined : address;
}
