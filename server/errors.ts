/** What a refusal may tell the caller besides its code and sentence. */
export interface ErrorDetails {
  /** The input field that is at fault. */
  field?: string;
  /** Seconds after which trying again makes sense. */
  retryAfter?: number;
  /** The version that the row has now, where an edit carried an older one. */
  currentVersion?: number;
}

/**
 * A refusal that is part of the API: a stable code, and a sentence that the caller can act on.
 * Anything else that is thrown counts as a fault of ours, and is masked.
 */
export abstract class TaskwireError extends Error {
  abstract readonly code: string;
  /** The HTTP status, where the transport has one to give. */
  readonly status: number = 200;
  readonly details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = new.target.name;
    this.details = details;
  }
}

export class Unauthenticated extends TaskwireError {
  readonly code = 'UNAUTHENTICATED';
  override readonly status = 401;
}

export class Forbidden extends TaskwireError {
  readonly code = 'FORBIDDEN';
  /** What it was about, for the audit trail. */
  readonly subjectId: string | undefined;

  constructor(message: string, subjectId?: string, details?: ErrorDetails) {
    super(message, details);
    this.subjectId = subjectId;
  }
}

/** Also for what exists but may not be seen: the two must read the same. */
export class NotFound extends TaskwireError {
  readonly code = 'NOT_FOUND';
  /** What was asked for, for the audit trail. */
  readonly subjectId: string | undefined;

  constructor(what: string, subjectId?: string, details?: ErrorDetails) {
    super(`There is no such ${what}, or you may not see it.`, details);
    this.subjectId = subjectId;
  }
}

export class ValidationFailed extends TaskwireError {
  readonly code = 'VALIDATION_FAILED';
}

export class Conflict extends TaskwireError {
  readonly code = 'CONFLICT';
}

export class Unavailable extends TaskwireError {
  readonly code = 'UNAVAILABLE';
  override readonly status = 503;

  constructor(retryAfter = 2) {
    super('Taskwire cannot reach its database at the moment; try again shortly.', { retryAfter });
  }
}
