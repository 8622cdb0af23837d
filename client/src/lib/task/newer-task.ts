/** The newer of two states of one task, so that an earlier read never replaces a change. */
export function newerOf<Task extends { id: string; version: number }>(
  read: Task,
  answered: Task | undefined,
): Task {
  return answered?.id === read.id && answered.version > read.version ? answered : read;
}
