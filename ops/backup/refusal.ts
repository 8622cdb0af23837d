/** Why a backup or a restore does not go on, in words for whoever asked for it; nothing was changed unless they say so. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}

/** The command was called in a way that it does not know. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const OUT_OF_SPACE = /no space left|disk is full|ENOSPC|EDQUOT|EFBIG|file too large|quota exceeded|SIGXFSZ/i;

/** Whether what went wrong says that a disk is full. */
export function isOutOfSpace(error: unknown): boolean {
  return OUT_OF_SPACE.test(error instanceof Error ? error.message : String(error));
}
