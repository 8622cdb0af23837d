/** Of two states of one task, the one that came later. What was read before a change must not take its place on the screen. */
export function newerOf<Task extends { id: string; version: number }>(
  read: Task,
  answered: Task | undefined,
): Task {
  return answered?.id === read.id && answered.version > read.version ? answered : read;
}
