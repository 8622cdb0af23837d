import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AgentRun, EventSourceKind } from '../../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { BadUserInput } from '../errors.ts';

/** The credential of a program. */
export interface Agent {
  userId: string;
  credentialId: string;
  kind: EventSourceKind;
  name: string;
}

/** What never changes of a run. */
export type KnownRun = Pick<AgentRun, 'id' | 'userId' | 'kind' | 'name' | 'run'>;

const LONGEST_RUN = 100;
const PRINTABLE = /^[ -~]+$/;
/** A run is deleted with its last event, which is much later. */
const KNOWN_MS = 60 * 60_000;

const runs = new WeakMap<Database, LRUCache<string, KnownRun>>();

function knownRuns(db: Database): LRUCache<string, KnownRun> {
  const known =
    runs.get(db) ?? new LRUCache<string, KnownRun>({ max: BOUNDS['agent runs'].most, ttl: KNOWN_MS });
  if (!runs.has(db)) keep('agent runs', known, ({ size }) => size);
  runs.set(db, known);
  return known;
}

/** The run id that a client gives. @throws BadUserInput */
export function runNamed(given: string | null): string | null {
  if (given === null) return null;
  const run = given.trim();
  if (run.length > LONGEST_RUN || !PRINTABLE.test(run))
    throw new BadUserInput(
      `\`Taskwire-Run\` must have 1 to ${LONGEST_RUN} printable ASCII characters, such as a UUID.`,
    );
  return run;
}

/**
 * Stores the run, unless it is known. Changes without a run id belong to a run per day (UTC).
 * @returns its id.
 */
export async function beginRun(db: Database, agent: Agent, run: string | null): Promise<string> {
  const { userId, credentialId, kind, name } = agent;
  const day = run === null ? new Date().toISOString().slice(0, 10) : null;
  const id = idFrom(JSON.stringify([credentialId, run, day]));
  const known = knownRuns(db);
  if (known.has(id)) return id;
  const begun = { id, userId, kind, name, run };
  await db.agentRun.createMany({ data: begun, skipDuplicates: true });
  known.set(id, begun);
  return id;
}

export async function runsById(db: Database, ids: readonly string[]): Promise<Map<string, KnownRun>> {
  const known = knownRuns(db);
  const missing = ids.filter((id) => !known.has(id));
  const read =
    missing.length === 0
      ? []
      : await db.agentRun.findMany({
          where: { id: { in: missing } },
          select: { id: true, userId: true, kind: true, name: true, run: true },
        });
  for (const run of read) known.set(run.id, run);
  return new Map(
    ids.flatMap((id) => {
      const run = known.get(id) ?? read.find((one) => one.id === id);
      return run ? [[id, run] as const] : [];
    }),
  );
}

/** A UUID version 8 (RFC 9562). */
function idFrom(text: string): string {
  const digits = hash('sha256', text);
  const variant = ((parseInt(digits.charAt(16), 16) & 3) | 8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    variant + digits.slice(17, 20),
    digits.slice(20, 32),
  ].join('-');
}
