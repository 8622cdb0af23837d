import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const containers = join(import.meta.dirname, '../../ops/containers');

interface Service {
  image: string;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  networks: string[];
  read_only?: boolean;
  user?: string;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  restart?: string;
  mem_limit?: string;
  cpus?: number;
  command?: string[];
}

export interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
}

export function textOf(file: string): string {
  return readFileSync(join(containers, file), 'utf8');
}

/** A YAML file, with its anchors resolved. */
export function yamlOf<Content>(file: string): Content {
  return parse(textOf(file), { merge: true }) as Content;
}

/** The compose file with an `.env` of these settings, parsed first and then interpolated. */
export function composeWith(settings: Record<string, string>): Compose {
  const filled = JSON.stringify(yamlOf('compose.yaml'))
    .replaceAll(/(?<!\$)\$\{(\w+)(?::[?-]([^}]*))?\}/g, (_, name: string, other = '') =>
      String(settings[name] ?? other),
    )
    .replaceAll('$$', '$');
  return JSON.parse(filled) as Compose;
}

/** The names of the servers, in the order of the file. */
export function serversOf({ services }: Compose): string[] {
  return Object.keys(services).filter((name) => /^server-\d+$/.test(name));
}
