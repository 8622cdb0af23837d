import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Counted as one client by limits. */
const UNKNOWN = 'unknown';

/** Whether the connection comes from this machine, possibly from a proxy on it. */
export function isFromLoopback({ socket }: IncomingMessage): boolean {
  return LOOPBACK.test(socket.remoteAddress ?? '');
}

/**
 * The client IP, as counted by limits. Undefined for programs on this machine, if there is no trusted proxy.
 * @param proxies number of trusted proxies. Each appends an address to `X-Forwarded-For`; further addresses to the
 * left are not trusted.
 */
export function clientIp(request: IncomingMessage, proxies: number): string | undefined {
  const { headers, socket } = request;
  if (proxies === 0 && isFromLoopback(request)) return undefined;
  const delivery = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const passedOn = proxies > 0 ? delivery.at(-proxies)?.trim() : undefined;
  const address = passedOn === '' ? undefined : passedOn;
  return networkOf(withoutPort(address ?? socket.remoteAddress ?? ''));
}

const BRACKETED = /^"?\[([^\]]+)\](?::\d+)?"?$/;
const IPV4_WITH_PORT = /^"?([\d.]+)(?::\d+)?"?$/;

function withoutPort(address: string): string {
  const bare = BRACKETED.exec(address)?.[1] ?? IPV4_WITH_PORT.exec(address)?.[1] ?? address;
  return bare.replace(/%.*$/, '');
}

const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;

/** The /64 network for IPv6: one customer has all of its addresses. */
function networkOf(address: string): string {
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return UNKNOWN;
  // URL normalizes to hexadecimal in the shortest form.
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = shortest.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, GROUPS_OF_NETWORK)
    .map((group) => group.toString(16))
    .join(':')}::`;
}
