import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

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
  return LOOPBACK.test(address) ? undefined : networkOf(address);
}

const IPV4_WITHIN = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;

/** Of IPv6 the network: whoever has one address of it has all 2^64, and would be somebody else at each attempt. */
function networkOf(address: string): string {
  const ipv4 = IPV4_WITHIN.exec(address)?.[1];
  if (ipv4 || !isIPv6(address)) return ipv4 ?? address;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  const network = [...head, ...zeros, ...tail].slice(0, GROUPS_OF_NETWORK);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::`;
}
