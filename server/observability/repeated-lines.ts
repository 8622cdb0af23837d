import { classify } from '../database/failures.ts';

const WRITTEN = 3;
const WINDOW_MS = 10_000;
const MOST_KINDS = 100;

interface Kind {
  count: number;
  write: () => void;
}

/** The first few lines are written; after ten seconds, one line has the number of repetitions. */
export function summarizeRepeats(): (line: unknown[], write: (line: unknown[]) => void) => void {
  const kinds = new Map<string, Kind>();

  const sum = (name: string) => {
    const kind = kinds.get(name);
    kinds.delete(name);
    if (kind && kind.count > WRITTEN) kind.write();
  };

  return (line, write) => {
    const [about, message] = line as [{ err?: unknown } | undefined, unknown];
    const isOutage =
      typeof about === 'object' && about.err !== undefined && classify(about.err).kind === 'unavailable';
    if (!isOutage) {
      write(line);
      return;
    }
    const name = `${String(message)} ${classify(about.err).sqlState ?? ''}`;
    const kind = kinds.get(name);
    if (!kind && kinds.size < MOST_KINDS) {
      const entry: Kind = {
        count: 1,
        write: () => {
          write([{ repeated: entry.count - WRITTEN, seconds: WINDOW_MS / 1000 }, message]);
        },
      };
      kinds.set(name, entry);
      setTimeout(sum, WINDOW_MS, name).unref();
      write(line);
      return;
    }
    if (!kind) return;
    kind.count += 1;
    if (kind.count <= WRITTEN) write(line);
  };
}
