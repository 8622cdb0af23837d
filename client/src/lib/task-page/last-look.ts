const storedAs = 'taskwire.looks';
const mostTasks = 500;

/** The time of the newest entry that was shown, by task, the latest last. */
type Looks = [taskId: string, at: string][];

/** When this person last looked at a task in this browser; undefined if they did not, or long ago. */
export function lastLookAt(userId: string, taskId: string): string | undefined {
  return looksOf(userId).find(([id]) => id === taskId)?.[1];
}

/** @param at the time of the newest entry that is shown. */
export function rememberLook(userId: string, taskId: string, at: string): void {
  const others = looksOf(userId).filter(([id]) => id !== taskId);
  try {
    localStorage.setItem(
      `${storedAs} ${userId}`,
      JSON.stringify([...others, [taskId, at]].slice(-mostTasks)),
    );
  } catch {
    // Without storage, nothing is marked as new.
  }
}

function looksOf(userId: string): Looks {
  try {
    return JSON.parse(localStorage.getItem(`${storedAs} ${userId}`) ?? '[]') as Looks;
  } catch {
    return [];
  }
}

interface Entry {
  id: string;
  at: string;
  actorId: string | undefined;
}

/** The first entry by someone else since a look; entries are oldest first. */
export function firstNew(
  entries: readonly Entry[],
  look: string | undefined,
  viewerId: string,
): string | undefined {
  if (look === undefined) return undefined;
  return entries.find(({ at, actorId }) => at > look && actorId !== viewerId)?.id;
}
