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
}

export class DatabaseDidNotStart extends StartFailure {
  readonly code = 'DATABASE_DID_NOT_START';
}

export class DatabaseUnreachable extends StartFailure {
  readonly code = 'DATABASE_UNREACHABLE';
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
