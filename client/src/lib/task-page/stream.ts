/** A loaded part of a list, newest first. */
export interface StreamSource<Entry> {
  hasMore: boolean;
  entries: readonly Entry[];
}

interface Stream<Entry> {
  /** Oldest first. */
  entries: Entry[];
  hasMore: boolean;
  /** The indexes of the sources to load more of. */
  limiting: number[];
}

/** Merges lists by time. Leaves out entries that are older than what another list has loaded so far. */
export function mergedStream<Entry extends { at: string }>(
  sources: readonly StreamSource<Entry>[],
): Stream<Entry> {
  const reached = sources.map(({ hasMore, entries }) => (hasMore ? (entries.at(-1)?.at ?? '') : ''));
  const from = reached.reduce((latest, at) => (at > latest ? at : latest), '');
  return {
    entries: sources
      .flatMap(({ entries }) => entries.filter(({ at }) => at >= from))
      .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0)),
    hasMore: sources.some(({ hasMore }) => hasMore),
    limiting: sources.flatMap(({ hasMore }, index) => (hasMore && reached[index] === from ? [index] : [])),
  };
}
