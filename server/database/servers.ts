import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { NO_PRIMARY } from './failures.ts';

const PROBE_WITHIN_MS = 2_000;
/** Of the latest primary, so that it stays in use while it answers. */
const HEAD_START_MS = 250;

/** No server of a URL accepts writes; `errors` has the reason of each. */
class NoPrimary extends AggregateError {
  readonly code = NO_PRIMARY;
}

/**
 * The servers of a URL such as `postgres://a:5432,b:5432/database`. All connections use the one that accepts writes. It
 * is looked up again when a connection has ended; if another one was promoted, the connections to the former are ended.
 */
export class Servers {
  readonly #urls: readonly string[];
  readonly #clients = new Map<PrimaryClient, string>();
  #latest: string | undefined;
  #isKnown = false;
  #finding: Promise<string> | undefined;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** @throws NoPrimary */
  async primary(): Promise<string> {
    if (this.#isKnown && this.#latest !== undefined) return this.#latest;
    return (this.#finding ??= this.#find().finally(() => (this.#finding = undefined)));
  }

  connected(client: PrimaryClient, url: string): void {
    this.#clients.set(client, url);
    client.once('end', () => {
      this.#clients.delete(client);
      this.forget(url);
    });
  }

  forget(url: string): void {
    if (this.#latest === url) this.#isKnown = false;
  }

  async #find(): Promise<string> {
    const first = this.#latest ?? this.#urls[0];
    const found = await Promise.any(
      this.#urls.map(async (url) => {
        if (url !== first) await sleep(HEAD_START_MS);
        return probe(url);
      }),
    ).catch((error: unknown) => {
      throw new NoPrimary((error as AggregateError).errors, 'no server of the URL accepts writes');
    });
    this.#latest = found;
    this.#isKnown = true;
    // The former primary may not answer, so their statements would wait for their timeouts.
    for (const [client, url] of this.#clients) if (url !== found) client.cut();
    return found;
  }
}

async function probe(url: string): Promise<string> {
  const client = new PrimaryClient({
    connectionString: url,
    application_name: 'taskwire probe',
    connectionTimeoutMillis: PROBE_WITHIN_MS,
  });
  try {
    await client.connectTo(url);
    return url;
  } finally {
    void client.end().catch(() => undefined);
  }
}

const parsed = new Map<string, Servers>();

/** Undefined for a URL with one server. */
export function serversOf(url: string): Servers | undefined {
  const urls = urlsIn(url);
  if (urls.length === 1) return undefined;
  const servers = parsed.get(url) ?? new Servers(urls);
  parsed.set(url, servers);
  return servers;
}

/** One URL for each server, without the options that only libpq knows. */
export function urlsIn(url: string): [string, ...string[]] {
  const [, head = '', hosts = '', rest = ''] = /^(\w+:\/\/(?:[^@/?#]*@)?)([^/?#]*)(.*)$/s.exec(url) ?? [];
  const [first = '', ...others] = hosts.split(',');
  if (others.length === 0) return [url];
  const options = rest.replace(/([?&])target_session_attrs=[^&]*(?:&|$)/, '$1').replace(/[?&]$/, '');
  const one = (host: string) => `${head}${host}${options}`;
  return [one(first), ...others.map(one)];
}

/** For programs that take a URL with one server. @throws NoPrimary */
export async function primaryIn(url: string): Promise<string> {
  return (await serversOf(url)?.primary()) ?? url;
}

export interface PrimaryClientConfig extends ClientConfig {
  servers?: Servers | undefined;
}

interface Internals {
  connection: {
    stream: { destroy(): void };
    on(event: 'parameterStatus', listener: (status: ParameterStatus) => void): void;
  };
}

interface ParameterStatus {
  parameterName: string;
  parameterValue: string;
}

/** Connects to the server that accepts writes, if it is given several. */
export class PrimaryClient extends Client {
  readonly #servers: Servers | undefined;

  constructor(config?: PrimaryClientConfig) {
    super(config);
    this.#servers = config?.servers;
  }

  override connect(): Promise<Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<Client> | undefined {
    const connecting = this.#servers ? this.#toPrimary(this.#servers) : undefined;
    if (!callback) return connecting ?? super.connect();
    if (!connecting) super.connect(callback);
    else connecting.then(() => (callback as () => void)(), callback);
    return undefined;
  }

  async #toPrimary(servers: Servers): Promise<Client> {
    const url = await servers.primary();
    try {
      await this.connectTo(url);
    } catch (error) {
      servers.forget(url);
      void this.end().catch(() => undefined);
      throw error;
    }
    servers.connected(this, url);
    return this;
  }

  /** Running statements fail, as with a lost connection. */
  cut(): void {
    (this as unknown as Internals).connection.stream.destroy();
  }

  /** @throws if the server is a standby, which PostgreSQL reports to every new connection. */
  async connectTo(url: string): Promise<Client> {
    const { hostname, port } = new URL(url);
    const host = decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1');
    Object.assign(this, { host, port: Number(port || this.port) });
    const reported = { isStandby: false };
    (this as unknown as Internals).connection.on('parameterStatus', (status) => {
      if (status.parameterName === 'in_hot_standby') reported.isStandby = status.parameterValue === 'on';
    });
    await super.connect();
    if (reported.isStandby)
      throw Object.assign(new Error(`${hostname}:${port} is a standby`), { code: NO_PRIMARY });
    return this;
  }
}
