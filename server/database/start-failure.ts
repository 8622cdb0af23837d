/**
 * Why the database cannot be used, in words for whoever starts the server. `code` is stable; the message says
 * what is wrong and how to go on, and is meant to be printed as it is before exiting with 1.
 */
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
    super(`${holder} already runs on ${dataDir}. Stop it first, or give this one another DATA_DIR.`);
  }
}

export class DataDirUnusable extends StartFailure {
  readonly code = 'DATA_DIR_UNUSABLE';

  constructor(dataDir: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`DATA_DIR ${dataDir} cannot be used: ${reason}. Make it a folder that this user may write to.`, {
      cause,
    });
  }
}

export class SecretDamaged extends StartFailure {
  readonly code = 'SECRET_DAMAGED';

  constructor(file: string) {
    super(
      `${file} is cut short, and signs nobody in. Take it from a backup’s manifest, where it is "kept"; or remove it, ` +
        'and everybody signs in again.',
    );
  }
}

export class SecretOfOthers extends StartFailure {
  readonly code = 'SECRET_OF_OTHERS';

  constructor() {
    super(
      'AUTH_SECRET is not the one of the servers that run on this database now, and all need the same. Set it as it is ' +
        'there; or stop them first, and everybody signs in again.',
    );
  }
}

export class DatabaseDidNotStart extends StartFailure {
  readonly code = 'DATABASE_DID_NOT_START';
}

/** PostgreSQL's code where a database takes no connections. */
const CLOSED = '55000';

export class DatabaseUnreachable extends StartFailure {
  readonly code = 'DATABASE_UNREACHABLE';

  constructor(url: string, cause: unknown) {
    const { host, pathname } = new URL(url);
    const name = decodeURIComponent(pathname.slice(1));
    // Several addresses may have been tried, each with its own reason.
    const causes: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
    const reasons = causes.map((each) => (each instanceof Error ? each.message : String(each)));
    const advice = causes.some((each) => (each as { code?: unknown }).code === CLOSED)
      ? 'A restore closes it for the moment in which another takes its place; try again. If it stays closed, that restore was killed: ' +
        `run it again, or let an administrator open what is there by ALTER DATABASE "${name}" ALLOW_CONNECTIONS true;`
      : 'Check DATABASE_URL and that PostgreSQL runs there.';
    super(`The database ${name}${host && ` at ${host}`} cannot be used: ${reasons.join('; ')}. ${advice}`, {
      cause,
    });
  }
}

/** It answers, but the server cannot work with it as it is. */
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
