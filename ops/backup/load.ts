import { availableParallelism } from 'node:os';
import { DatabaseError, type ClientBase } from 'pg';
import { rebuildCounters } from '../../server/counters/rebuild.ts';
import { verifyCounters } from '../../server/counters/verify.ts';
import { applyMigrations } from '../../server/database/migrations.ts';
import { StartFailure } from '../../server/database/start-failure.ts';
import { openEpoch } from '../../server/log/epoch.ts';
import { adoptTimezones } from '../../server/sql/timezone.ts';
import { forProgram, withConnection, withDatabase } from './connection-url.ts';
import type { Cluster } from './cluster.ts';
import { contentOf, differences, inSnapshot } from './content.ts';
import type { Backup } from './manifest.ts';
import { findClient, run } from './programs.ts';
import { BackupRefused, isOutOfSpace } from './refusal.ts';
import { serverVersion } from './write.ts';

const MOST_JOBS = 4;
const DIFFERENCES_TO_SHOW = 5;

/** pg_restore 17 and newer sets a parameter that older servers do not know. */
const HARMLESS = 'unrecognized configuration parameter "transaction_timeout"';

export interface LoadOptions {
  purpose: 'restore' | 'verify';
  url: string;
  signal?: AbortSignal;
}

/**
 * Restores a backup into a new database: compares each row with the backup, applies newer migrations, starts a new epoch
 * of the log, rebuilds the counters, and checks constraints and rules. On failure it removes the database again.
 * @returns the new database's name.
 * @throws BackupRefused with the reason.
 */
export async function load(
  cluster: Cluster,
  backup: Backup,
  model: string,
  options: LoadOptions,
): Promise<string> {
  const { purpose, url, signal } = options;
  let name: string | undefined;
  try {
    name = await cluster.make(purpose, model);
    const place = withDatabase(url, name);
    await fill(place, backup, signal);
    await withConnection(place, async (client) => {
      const found = await inSnapshot(client, () => contentOf(client, backup.manifest.format));
      refuseIf(backup, differences(backup.manifest.tables, found.tables));
    });
    await applyMigrations(place);
    await withConnection(place, openEpoch);
    await adoptTimezones(place);
    await rebuildCounters(place, () => undefined, signal);
    await withConnection(place, async (client) => {
      refuseIf(backup, await brokenRules(client));
      const counters = await verifyCounters(client);
      refuseIf(
        backup,
        counters.map(({ what, counted, there }) => `the counter ${what} is ${counted} instead of ${there}`),
      );
    });
    signal?.throwIfAborted();
    return name;
  } catch (error) {
    if (name) await cluster.drop(name).catch(() => undefined);
    throw explained(error, backup, signal);
  }
}

async function fill(place: string, { file }: Backup, signal?: AbortSignal): Promise<void> {
  const { major } = await withConnection(place, serverVersion);
  const programs = await findClient(major);
  const { address, env } = forProgram(place);
  const jobs = Math.min(MOST_JOBS, availableParallelism());
  const options = ['--no-owner', '--no-privileges', '--no-password', `--jobs=${jobs}`, `--dbname=${address}`];
  try {
    await run(programs.restore, [...options, file], signal ? { env, signal } : { env });
  } catch (error) {
    const faults = (error as Error).message.match(/^pg_restore: error: .*$/gm) ?? [];
    if (signal?.aborted || faults.length === 0 || !faults.every((fault) => fault.includes(HARMLESS)))
      throw error;
  }
  await withConnection(place, (client) => client.query('ANALYZE'));
}

async function brokenRules(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ fault: string }>(`
    SELECT format('the constraint %s of %s is not valid', conname, conrelid::regclass) AS fault
      FROM pg_constraint WHERE NOT convalidated
    UNION ALL SELECT format('the index %s is not valid', indexrelid::regclass) FROM pg_index WHERE NOT indisvalid
    UNION ALL SELECT format('the team %s has %s owners', teams.id, count(memberships.id))
      FROM teams LEFT JOIN memberships ON team_id = teams.id AND role = 'OWNER'
      GROUP BY teams.id HAVING count(memberships.id) <> 1
    UNION ALL SELECT 'the sequence of the log is behind its last event'
      WHERE (SELECT max(sequence) FROM events) > (SELECT last_value FROM events_sequence_seq)`);
  return rows.map(({ fault }) => fault);
}

function refuseIf({ manifest }: Backup, faults: string[]): void {
  if (faults.length === 0) return;
  const some = faults.slice(0, DIFFERENCES_TO_SHOW).join('\n  ');
  const more =
    faults.length > DIFFERENCES_TO_SHOW ? `\n  and ${faults.length - DIFFERENCES_TO_SHOW} more` : '';
  throw new BackupRefused(
    `The restored data differs from ${manifest.name}:\n  ${some}${more}\nUse an earlier backup.`,
  );
}

function explained(error: unknown, { file }: Backup, signal?: AbortSignal): unknown {
  if (error instanceof BackupRefused || signal?.aborted) return error;
  if (error instanceof StartFailure)
    return new BackupRefused(`Cannot use ${file}: ${error.message}`, { cause: error });
  if (isOutOfSpace(error)) {
    return new BackupRefused(
      'The disk of PostgreSQL has no space for a second database. Free some space, then try again.',
      { cause: error },
    );
  }
  if (error instanceof DatabaseError || error instanceof Error) {
    return new BackupRefused(`Could not restore ${file}: ${error.message}`, { cause: error });
  }
  return error;
}
