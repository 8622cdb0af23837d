/** An expected failure of a backup or a restore. Nothing was changed, unless the message says so. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const OUT_OF_SPACE = /no space left|disk is full|ENOSPC|EDQUOT|EFBIG|file too large|quota exceeded|SIGXFSZ/i;

export function isOutOfSpace(error: unknown): boolean {
  return OUT_OF_SPACE.test(error instanceof Error ? error.message : String(error));
}
