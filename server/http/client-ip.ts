import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Limits count together what comes from an address that nothing can be read from. */
const UNKNOWN = 'unknown';

/** Whether a connection comes from this machine itself, maybe from a proxy on it. */
export function isFromLoopback({ socket }: IncomingMessage): boolean {
  return LOOPBACK.test(socket.remoteAddress ?? '');
}

/**
 * The client's network address, as limits count it; undefined for a program on this machine, where no proxy is trusted.
 * @param proxies how many proxies stand in front, each of which adds the address it heard from to `X-Forwarded-For`.
 * What a client writes there itself stands further to the left, and is not believed.
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

/** Of IPv6 the network of 64 bits: one customer has all addresses in it. */
function networkOf(address: string): string {
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return UNKNOWN;
  // An URL writes it in hexadecimal and in its shortest form.
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
