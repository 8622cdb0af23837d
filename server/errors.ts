/** What a refusal may tell the caller besides its code and sentence. */
export interface ErrorDetails {
  /** The input field that is at fault. */
  field?: string;
  /** Seconds after which trying again makes sense. */
  retryAfter?: number;
  /** The version that the row has now, where an edit carried an older one. */
  currentVersion?: number;
  /** What the row says now, in the API's words, where an edit carried an older version. */
  current?: Readonly<Record<string, unknown>>;
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
  readonly code: 'UNAUTHENTICATED' | 'VIEWER_CHANGED' = 'UNAUTHENTICATED';
  override readonly status: number = 401;
}

/** The credential is another person's than the one that the request names in `Taskwire-Viewer`. */
export class ViewerChanged extends Unauthenticated {
  override readonly code = 'VIEWER_CHANGED';
  override readonly status = 409;

  constructor() {
    super(
      'Another person is signed in now. Discard what you show, and read it again without `Taskwire-Viewer`.',
    );
  }
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

/** The log's reader asks for the rest of what it no longer has, or of what is longer than reading anew. */
export class CursorExpired extends TaskwireError {
  readonly code = 'CURSOR_EXPIRED';

  constructor() {
    super('This cursor is too old to go on from: read what you show anew, and subscribe after its `cursor`.');
  }
}

/** The subscription ended for its reader's slowness. */
export class FellBehind extends TaskwireError {
  readonly code = 'FELL_BEHIND';

  constructor() {
    super('You read slower than things happen: subscribe again, after the last `cursor` that you have got.');
  }
}

/** The person stores as much as they may. */
export class QuotaExceeded extends TaskwireError {
  readonly code = 'QUOTA_EXCEEDED';

  /** @param most what may be stored, in words. */
  constructor(most: string) {
    super(
      `You have reached the storage quota of ${most}. Delete what you no longer need, or ask the operator of this server for a larger quota.`,
    );
  }
}

export class QueryTooComplex extends TaskwireError {
  readonly code = 'QUERY_TOO_COMPLEX';

  constructor(points: number, most: number) {
    super(
      `This operation costs up to ${points} points, and ${most} is the most. Ask for shorter pages, or for less of each object.`,
    );
  }
}

/** One payload of a connection that stays open is longer than the server sends. */
export class AnswerTooLong extends TaskwireError {
  readonly code = 'QUERY_TOO_COMPLEX';

  constructor() {
    super('This answer is longer than 4 MiB. Ask for shorter pages, or for less of each object.');
  }
}

/** Why another WebSocket or event stream of a person is refused. */
export const TOO_MANY_CONNECTIONS = 'You have too many connections open; close some, then connect again.';

export class RateLimited extends TaskwireError {
  readonly code = 'RATE_LIMITED';
  override readonly status = 429;

  /** @param retryAfter seconds. */
  constructor(message: string, retryAfter: number) {
    super(message, { retryAfter });
  }
}

/** The request cannot be read. */
export class BadUserInput extends TaskwireError {
  readonly code = 'BAD_USER_INPUT';
  override readonly status = 400;
}

/** The request names a host that the server does not answer at. */
export class Misdirected extends TaskwireError {
  readonly code = 'MISDIRECTED';
  override readonly status = 421;
}

/** Why whoever comes while the server stops is sent away. */
export const STOPPING = 'Taskwire is stopping; try again shortly.';

export class Unavailable extends TaskwireError {
  readonly code = 'UNAVAILABLE';
  override readonly status = 503;

  constructor(why = 'Taskwire cannot reach its database at the moment; try again shortly.') {
    super(why, { retryAfter: 2 });
  }
}
