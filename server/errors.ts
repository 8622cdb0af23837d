export interface ErrorDetails {
  /** The invalid input field. */
  field?: string;
  /** The wrong part of the field's text, in UTF-16 code units. */
  offset?: number;
  length?: number;
  /** Seconds to wait before retrying. */
  retryAfter?: number;
  currentVersion?: number;
  /** The approval that the person has to give. */
  approvalId?: string;
  /** Where the person gives it. */
  approvalUrl?: string;
  /** When the approval expires. */
  expiresAt?: string;
  current?: Readonly<Record<string, unknown>>;
  /** Changes that someone has built on, at most 20. */
  conflicts?: readonly { taskId: string | null; fields: string[]; problem: string | null }[];
}

/** An error of the API: a stable code, and a message the caller can act on. All other errors are masked as internal. */
export abstract class TaskwireError extends Error {
  abstract readonly code: string;
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

/** The credential belongs to another person than the one named in the header `Taskwire-Viewer`. */
export class ViewerChanged extends Unauthenticated {
  override readonly code = 'VIEWER_CHANGED';
  override readonly status = 409;

  constructor() {
    super(
      'Another person is signed in now. Discard the data you show, and load it again without `Taskwire-Viewer`.',
    );
  }
}

export class Forbidden extends TaskwireError {
  readonly code = 'FORBIDDEN';
  readonly subjectId: string | undefined;

  constructor(message: string, subjectId?: string, details?: ErrorDetails) {
    super(message, details);
    this.subjectId = subjectId;
  }
}

/** For a credential that is limited to teams, and something that is not of a team. */
export class LimitedToTeams extends Forbidden {
  constructor(how = 'Use a token without this limit.') {
    super(`This token is limited to teams. ${how}`);
  }

  /** @param field names the team. */
  static chooseOne(field = 'teamId'): LimitedToTeams {
    return new LimitedToTeams(`Choose one of them with \`${field}\`.`);
  }
}

/** Also for objects that exist but are not visible; both must have the same message. */
export class NotFound extends TaskwireError {
  readonly code = 'NOT_FOUND';
  readonly subjectId: string | undefined;

  constructor(what: string, subjectId?: string, details?: ErrorDetails) {
    super(`This ${what} does not exist, or you do not have access to it.`, details);
    this.subjectId = subjectId;
  }
}

export class ValidationFailed extends TaskwireError {
  readonly code = 'VALIDATION_FAILED';
}

export class Conflict extends TaskwireError {
  readonly code = 'CONFLICT';
}

/** An agent asked for a change that only its person can let happen. */
export class ConfirmationRequired extends TaskwireError {
  readonly code = 'CONFIRMATION_REQUIRED';

  constructor(details: Required<Pick<ErrorDetails, 'approvalId' | 'approvalUrl' | 'expiresAt'>>) {
    super(
      'Nothing has happened yet: the person must approve this in the dashboard, within 10 minutes. Ask them to open `approvalUrl`, then read `approval(id)` or repeat this request unchanged.',
      details,
    );
  }
}

/** The events after the cursor are no longer available, or are more than a subscription replays. */
export class CursorExpired extends TaskwireError {
  readonly code = 'CURSOR_EXPIRED';

  constructor() {
    super('This cursor has expired. Load your data again, and subscribe after the new `cursor`.');
  }
}

export class FellBehind extends TaskwireError {
  readonly code = 'FELL_BEHIND';

  constructor() {
    super('The client reads too slowly. Subscribe again after the last `cursor` you received.');
  }
}

export class QuotaExceeded extends TaskwireError {
  readonly code = 'QUOTA_EXCEEDED';

  constructor(most: string) {
    super(
      `You have reached the storage quota of ${most}. Delete data you no longer need, also from the trash, or ask the operator of this server for a larger quota.`,
    );
  }
}

export class QueryTooComplex extends TaskwireError {
  readonly code = 'QUERY_TOO_COMPLEX';

  constructor(points: number, most: number) {
    super(
      `This operation costs up to ${points} points; the limit is ${most}. Request smaller pages or fewer fields.`,
    );
  }
}

/** A list that no index helps with. */
export class ListTooSlow extends TaskwireError {
  readonly code = 'QUERY_TOO_COMPLEX';

  /** @param parts the arguments or conditions that can be left out. */
  constructor(parts: string) {
    super(`Reading this list took too long. Leave out ${parts}, or ask for the tasks of one team or person.`);
  }
}

export class AnswerTooLong extends TaskwireError {
  readonly code = 'QUERY_TOO_COMPLEX';

  constructor() {
    super('This response exceeds 4 MiB. Request smaller pages or fewer fields.');
  }
}

export const TOO_MUCH_AT_ONCE =
  'Too many concurrent requests from you. Wait for some of them to finish, or request less in one operation.';
export const TOO_MANY_CONNECTIONS = 'Too many open connections. Close some, then connect again.';

export class RateLimited extends TaskwireError {
  readonly code = 'RATE_LIMITED';
  override readonly status = 429;

  /** @param retryAfter seconds. */
  constructor(message: string, retryAfter: number) {
    super(message, { retryAfter });
  }
}

export class BadUserInput extends TaskwireError {
  readonly code = 'BAD_USER_INPUT';
  override readonly status = 400;
}

export class Misdirected extends TaskwireError {
  readonly code = 'MISDIRECTED';
  override readonly status = 421;
}

/** For requests and connections during shutdown. */
export const STOPPING = 'Taskwire is shutting down. Try again shortly.';

export class Unavailable extends TaskwireError {
  readonly code = 'UNAVAILABLE';
  override readonly status = 503;

  constructor(why = 'Taskwire cannot reach its database. Try again shortly.') {
    super(why, { retryAfter: 2 });
  }
}
