import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ConfigError } from '../../server/config.ts';
import { StartFailure } from '../../server/database/start-failure.ts';
import { BackupRefused, UsageError } from './refusal.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Arguments {
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
}

export interface Command {
  usage: string;
  options: Options;
  files: 0 | 1 | 2;
  /** `interrupted` aborts on Ctrl-C. */
  run: (given: Arguments, interrupted: AbortSignal) => Promise<void>;
}

const EXIT = { failed: 1, misused: 2, interrupted: 130 } as const;

/** Runs a command: parses its options, handles `--help`, and prints expected errors without a stack. */
export async function runCommand(command: Command): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => {
    interruption.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const given = read(command, process.argv.slice(2));
    if (given.values['help']) process.stdout.write(command.usage);
    else await command.run(given, interruption.signal);
  } catch (error) {
    const expected = [BackupRefused, UsageError, ConfigError, StartFailure].some(
      (kind) => error instanceof kind,
    );
    if (interruption.signal.aborted) process.stderr.write('Interrupted. Nothing was changed.\n');
    else process.stderr.write(`${expected ? (error as Error).message : String((error as Error).stack)}\n`);
    const failed = error instanceof UsageError ? EXIT.misused : EXIT.failed;
    process.exitCode = interruption.signal.aborted ? EXIT.interrupted : failed;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function read({ options, files, usage }: Command, args: string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    });
    if (positionals.length > files)
      throw new UsageError(`Too many arguments: ${positionals.join(' ')}\n\n${usage}`);
    return { values, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const [fault] = (error as Error).message.split(/[.\n]/);
    throw new UsageError(`${fault}.\n\n${usage}`);
  }
}

export function days(option: string, given: string | boolean | undefined, fallback: number): number {
  if (given === undefined) return fallback;
  if (typeof given === 'string' && /^[1-9]\d{0,4}$/.test(given)) return Number(given);
  throw new UsageError(`${option} must be a whole number of days, at least 1, not "${String(given)}".`);
}
