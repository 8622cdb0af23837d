/**
 * The requirements by id: FR and SC (functional requirements and success criteria), T (operations) and BR (business
 * rules). The title of a test starts with the requirements that it proves, such as `[FR-010] …`.
 */
export const requirements = {
  'FR-001': 'Tasks have a title, description, status, priority, due date, labels, owner and assignee.',
  'FR-002': 'Conversations have a title, an owner and participants.',
  'FR-003': 'Messages are stored in the order in which they were sent, each with its author and role.',
  'FR-004': 'The database rejects rows that refer to nothing, and has an index for every foreign key.',
  'FR-005': 'Every list and every count of the API uses an index, also among 100,000 tasks.',
  'FR-006': 'Teams have a unique name and a unique slug.',
  'FR-007': 'Memberships have a role; a person is in a team once.',
  'FR-008':
    'Shares have a permission and an expiry; a task is shared with a person once, and never with its owner.',
  'FR-009': 'People see and change only what they may; the database query itself filters the rest.',
  'FR-010': 'The dashboard shows the numbers total, pending, completed and shared.',
  'FR-011': 'The acting person is known from the credential, on every transport.',
  'FR-012': 'Signing in returns a credential that expires, and ends at once on sign-out.',
  'FR-013': 'A wrong, forged, outdated or revoked credential is rejected, and the error reveals nothing.',
  'FR-014': 'The number of SQL statements of a list does not depend on its length.',
  'FR-015': 'The numbers are exact at every read, and their cost does not depend on how often they are read.',
  'FR-016': 'The dashboard shows numbers, breakdowns, activity and tasks on one page.',
  'FR-017':
    'The page updates live: after an interruption it catches up, and without a live connection it polls every 5 seconds.',
  'FR-018': 'The page shows a loading state while a response is pending.',
  'FR-019': 'The page shows errors, keeps typed text, and offers to try again.',
  'FR-020': 'Every page works on a phone, a tablet and a desktop, in the light and the dark theme.',
  'FR-021': 'Changes are delivered over WebSockets and over server-sent events.',
  'FR-022':
    'Each creation, update, completion, reopening, deletion and share of a task is delivered as an event.',
  'FR-023': 'A lost connection is retried after 1 to 32 seconds, with doubling waits and jitter.',
  'FR-024': 'A heartbeat detects a silent connection within 30 seconds, and the page shows its state.',
  'FR-025': 'Without a credential, the answer is UNAUTHENTICATED with HTTP 401.',
  'FR-026': 'A person’s own tasks, conversations and tokens are not accessible to others.',
  'FR-027': 'A share gives exactly its access, until it ends.',
  'FR-028': 'Each refused access, failed sign-in, change of role and use of a token is an event.',
  'FR-029': 'The rights of a person in a team depend on their role.',

  'SC-002': 'The statistics equal a full count, in less than 100 ms.',
  'SC-003': 'A client that reconnects gets the missed events, without gaps and duplicates.',
  'SC-004': 'Others see a change within a second.',
  'SC-005': 'Every combination of role, relation and operation is allowed or refused as one table says.',
  'SC-006': 'The dashboard is usable within 2 seconds.',
  'SC-007': '100 concurrent requests for a dashboard all succeed.',
  'SC-008': 'Only signing up and signing in work without a credential.',
  'SC-009': 'Every query takes less than 50 ms, in a known number of statements.',
  'SC-010': 'A live connection lasts for hours.',

  T060: 'Each operation, resolver and statement is timed; slow ones are logged, and administrators see the figures.',
  T061: 'Backups are created, rotated and verified; a restore asks first and checks afterwards.',
  T062: 'The API reference is generated from the schema, with a tested example of every operation.',
  T063: 'Composite indexes cover tasks by owner, messages by conversation, memberships, shares and teams.',
  T064: 'Temporary failures are retried up to three times, and only if nothing can have been committed.',
  T065: 'A help page in the dashboard explains it to people who are not technical.',
  T066: 'The fourteen scenarios of a working day, and scenarios with errors, run end to end.',
  T067: 'The test run creates this table.',

  'BR-01': 'The creator of a team owns it; it has exactly one owner at any time.',
  'BR-02': 'The former owner becomes an ADMIN by the transfer, and an owner cannot leave before it.',
  'BR-03': 'An ADMIN manages MEMBERs and VIEWERs only, and no one can be invited as OWNER.',
  'BR-04': 'In a team, OWNERs and ADMINs can change all tasks, MEMBERs their own, and VIEWERs can only read.',
  'BR-05': 'Rights add up; EDIT allows neither deleting nor sharing.',
  'BR-06':
    'A task can be shared by its owner and the leaders of its team. A person who leaves a team immediately loses all rights there.',
  'BR-07':
    '“Completed today” and “this week” use the day of completion in the viewer’s time zone; weeks start on Monday.',
  'BR-08':
    'Invisible objects are answered like unknown ones; visible objects without the right to change are FORBIDDEN.',
  'BR-09': 'An edit based on an outdated version is rejected, with the current state of the task.',
  'BR-10': 'Repeating a creation, revocation or deletion has no further effect.',
  'BR-11': 'Rows, counters and events change in one transaction.',
  'BR-12': 'The acting person is never an argument.',
  'BR-13':
    'What an agent wants to delete, share, invite to or leave waits for an approval that only its person’s browser can give.',
  'BR-15':
    'A share with a person outside common teams is an offer; they can accept it, refuse it, or block the sender.',
  'BR-16': 'An invitation is accepted by its link or by a verified address, never by an address alone.',
  'BR-17':
    'A deleted task is in the trash for 30 days, out of every list, count and share; people who may delete it can restore it as it was.',
  'BR-18':
    'Rights cannot be combined: after any allowed steps by several people, each person has the rights of these rules.',
  'BR-14': 'Each number of the dashboard has the documented meaning, for a person and for a team.',
  'BR-19': 'One person’s requests, subscriptions, sockets and stored data never block others.',
  'BR-20': 'A page never acts for another person than the one it shows.',
} as const satisfies Record<string, string>;

export type Requirement = keyof typeof requirements;

/**
 * What is missing from a requirement that is not fulfilled yet. Without an entry here, a requirement without a passing
 * test fails the test run. Remove the entry with the test that proves the rest.
 */
export const notBuiltYet: Partial<Record<Requirement, string>> = {};
