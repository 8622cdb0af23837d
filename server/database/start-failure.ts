import { urlsIn } from './servers.ts';

/** A reason not to start, for the operator. `code` is stable; print the message and exit with 1. */
export abstract class StartFailure extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class DataDirInUse extends StartFailure {
  readonly code = 'DATA_DIR_IN_USE';

  constructor(dataDir: string, pid: number | undefined) {
    const holder = pid === undefined ? 'Another Taskwire' : `Another Taskwire (process ${pid})`;
    super(`${holder} is already running on ${dataDir}. Stop it first, or use another DATA_DIR.`);
  }
}

export class DataDirUnusable extends StartFailure {
  readonly code = 'DATA_DIR_UNUSABLE';

  constructor(dataDir: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`DATA_DIR ${dataDir} cannot be used: ${reason}. Make it a directory that this user can write to.`, {
      cause,
    });
  }
}

export class SecretDamaged extends StartFailure {
  readonly code = 'SECRET_DAMAGED';

  constructor(file: string) {
    super(
      `${file} is damaged: it is too short. Restore it from a backup’s manifest, where it is "kept"; or delete it, ` +
        'then everyone has to sign in again.',
    );
  }
}

export class SecretOfOthers extends StartFailure {
  readonly code = 'SECRET_OF_OTHERS';

  constructor() {
    super(
      'AUTH_SECRET differs from the one of the servers running on this database, but all must use the same. Set it to the ' +
        'same value; or stop them first, then everyone has to sign in again.',
    );
  }
}

export class DatabaseDidNotStart extends StartFailure {
  readonly code = 'DATABASE_DID_NOT_START';
}

const CLOSED = '55000';

export class DatabaseUnreachable extends StartFailure {
  readonly code = 'DATABASE_UNREACHABLE';

  constructor(url: string, cause: unknown) {
    const servers = urlsIn(url).map((each) => new URL(each));
    const host = servers.map((server) => server.host).join(', ');
    const name = decodeURIComponent(servers[0]?.pathname.slice(1) ?? '');
    const causes: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
    const reasons = causes.map((each) => (each instanceof Error ? each.message : String(each)));
    const advice = causes.some((each) => (each as { code?: unknown }).code === CLOSED)
      ? 'A restore closes it briefly while it is replaced; try again. If it stays closed, the restore was killed: ' +
        `run it again, or ask an administrator to open it with ALTER DATABASE "${name}" ALLOW_CONNECTIONS true;`
      : 'Check DATABASE_URL, and that PostgreSQL is running there.';
    super(`The database ${name}${host && ` at ${host}`} cannot be used: ${reasons.join('; ')}. ${advice}`, {
      cause,
    });
  }
}

export class DatabaseUnsuitable extends StartFailure {
  readonly code = 'DATABASE_UNSUITABLE';
}

export class DatabaseVersionMismatch extends StartFailure {
  readonly code = 'DATABASE_VERSION_MISMATCH';
}

export class MigrationRefused extends StartFailure {
  readonly code = 'MIGRATION_REFUSED';
}

export class MigrationFailed extends StartFailure {
  readonly code = 'MIGRATION_FAILED';
}
