import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup, Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A request that must not be sent. The message is shown to the person. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

const RESOLVE_WITHIN = { timeout: 3_000, tries: 2 };

/**
 * Decides which addresses the server sends requests to for others: public ones by HTTPS, and those that the operator allows, also by
 * HTTP. A name is resolved once per connection, and the connection goes to an address that was checked.
 */
export class AddressRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
  readonly #resolver = new Resolver(RESOLVE_WITHIN);

  readonly #ask: string;

  /**
   * @param allowed host names, IP addresses and CIDRs. @param setting where they come from, for errors.
   * @param dnsServers default: those of the system.
   */
  constructor(allowed: readonly string[], setting: string, dnsServers?: readonly string[]) {
    this.#ask = `Ask the operator of this server to allow it with ${setting}.`;
    const ranges = allowed.map((entry) => [entry, rangeOf(entry)] as const);
    this.#ranges = ranges.flatMap(([, range]) => (range ? [range] : []));
    this.#hosts = new Set(ranges.flatMap(([entry, range]) => (range ? [] : [entry.toLowerCase()])));
    if (dnsServers) this.#resolver.setServers([...dnsServers]);
  }

  /** Checks what the URL alone tells. @throws AddressRefused */
  check(url: URL): void {
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new AddressRefused('The URL must start with https://.');
    const host = hostOf(url);
    if (ipaddr.isValid(host)) this.#checkAddress(host, url.protocol);
    else if (isLocalName(host) && !this.#hosts.has(host))
      throw new AddressRefused(`${host} is not a public host. ${this.#ask}`);
    else if (url.protocol === 'http:' && !this.#hosts.has(host) && this.#ranges.length === 0)
      throw new AddressRefused(HTTPS_ONLY);
  }

  /** A lookup for one connection, whose result contains only allowed addresses. */
  lookupFor({ protocol }: URL): LookupFunction {
    return (host, { all, family }, callback) => {
      this.#resolve(host.toLowerCase(), protocol).then(
        (found) => {
          const usable = found.filter((each) => !family || each.family === Number(String(family).slice(-1)));
          const [first] = usable.length > 0 ? usable : found;
          if (all) callback(null, found);
          else callback(null, first?.address ?? '', first?.family);
        },
        (error: unknown) => {
          callback(error as NodeJS.ErrnoException, []);
        },
      );
    };
  }

  async #resolve(host: string, protocol: string): Promise<LookupAddress[]> {
    // Names that the operator allows can be in /etc/hosts. Others must not occupy the threads that this uses.
    if (this.#hosts.has(host)) return systemLookup(host, { all: true });
    const [v4, v6] = await Promise.allSettled([this.#resolver.resolve4(host), this.#resolver.resolve6(host)]);
    const found = [
      ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
      ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (found.length === 0) throw new AddressRefused(`The host name ${host} could not be resolved.`);
    const refusals: unknown[] = [];
    const allowed = found.filter(({ address }) => {
      try {
        this.#checkAddress(address, protocol);
        return true;
      } catch (error) {
        refusals.push(error);
        return false;
      }
    });
    if (allowed.length === 0) throw refusals[0];
    return allowed;
  }

  #checkAddress(text: string, protocol: string): void {
    // IPv4 addresses in IPv6 form count as IPv4.
    const address = ipaddr.process(text);
    if (this.#ranges.some((range) => contains(range, address))) return;
    if (!isPublic(address)) throw new AddressRefused(`${text} is not a public address. ${this.#ask}`);
    if (protocol === 'http:') throw new AddressRefused(HTTPS_ONLY);
  }
}

/** Global unicast. Outside of 2000::/3 there are forms that contain IPv4 addresses. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.range() === 'unicast' && (address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6));
}

const HTTPS_ONLY = 'The URL must start with https://.';

/** Null for a host name. */
export function rangeOf(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | null {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  if (!ipaddr.isValid(entry)) return null;
  const address = ipaddr.process(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function contains(
  [network, bits]: [ipaddr.IPv4 | ipaddr.IPv6, number],
  address: ipaddr.IPv4 | ipaddr.IPv6,
): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

/** Without the brackets of IPv6 and the dot of the root. */
function hostOf({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

function isLocalName(host: string): boolean {
  return !host.includes('.') || /\.(local|localhost|internal|localdomain)$/.test(host);
}
