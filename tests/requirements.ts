/**
 * What Taskwire promises, by id: FR and SC (functional requirements, success criteria), T (tasks of operation) and BR
 * (business rules). A test that proves one begins its title with the id, as in `[FR-010] …`.
 */
export const requirements = {
  'FR-001': 'Tasks are kept with title, description, status, priority, due day, labels, owner and assignee.',
  'FR-002': 'Conversations are kept with their title, owner and participants.',
  'FR-003': 'Messages are kept in the order in which they were sent, each with its author’s part.',
  'FR-004':
    'The database itself refuses a row that refers to nothing, and an index serves every foreign key.',
  'FR-005': 'Every list and every count of the API reads by an index, also among 100,000 tasks.',
  'FR-006': 'Teams are kept with a name and an address of their own.',
  'FR-007': 'Memberships are kept with a role; a person is in a team once.',
  'FR-008':
    'Shares are kept with their permission and their end; a task is shared with a person once, never with oneself.',
  'FR-009':
    'People see and change only what they are allowed to; the database query itself filters the rest.',
  'FR-010': 'The dashboard tells total, pending, completed and shared.',
  'FR-011': 'Who acts is known from the credential, whichever way it comes.',
  'FR-012': 'Signing in gives a credential that expires, or ends at once on sign-out.',
  'FR-013': 'A wrong, forged, outdated or revoked credential is refused, and the refusal gives nothing away.',
  'FR-014': 'No list takes more SQL statements the longer it is.',
  'FR-015': 'The numbers are exact at every read, and stay cheap however often the page is refreshed.',
  'FR-016': 'The dashboard shows numbers, breakdowns, activity and tasks on one page.',
  'FR-017':
    'The page keeps up with what happens: after a break it catches up, and without a live connection it asks every 5 seconds.',
  'FR-018': 'The page shows where something is on its way.',
  'FR-019': 'The page says what went wrong, loses nothing that was typed, and offers to try again.',
  'FR-020': 'Every page works on a phone, a tablet and a desktop, in light and in dark.',
  'FR-021': 'Changes are pushed over a WebSocket, and over server-sent events.',
  'FR-022': 'Created, updated, completed, reopened, deleted and shared tasks each give their event.',
  'FR-023': 'A lost connection is tried again after 1 to 32 seconds, doubling, with chance mixed in.',
  'FR-024': 'A silent connection is noticed by a heartbeat of 30 seconds, and the page shows its state.',
  'FR-025': 'Without a credential the answer is UNAUTHENTICATED, with HTTP 401.',
  'FR-026': 'A person’s own tasks, conversations and tokens are not accessible to others.',
  'FR-027': 'A share gives exactly the access it allows, and only while it lasts.',
  'FR-028': 'Each refused access, failed sign-in, change of role and use of a token is an event.',
  'FR-029': 'What a person reads and does in a team depends on their role there.',

  'SC-002': 'The statistics equal a count by hand, in less than 100 ms.',
  'SC-003': 'A client that comes back gets what it missed: no gap, nothing twice.',
  'SC-004': 'A change is seen by others within a second.',
  'SC-005': 'Every role, relation and operation together are allowed or refused as one table says.',
  'SC-006': 'The dashboard can be used within 2 seconds.',
  'SC-007': '100 people who ask for their dashboard at once all get it.',
  'SC-008': 'No operation but signing up and in works without a credential.',
  'SC-009': 'Every query takes less than 50 ms, in a number of statements that is known.',
  'SC-010': 'A live connection holds for hours.',

  T060: 'Each operation, resolver and statement is timed; slow ones are logged, and administrators read the figures.',
  T061: 'Backups are made, rotated and verified, and restoring one asks first and checks afterwards.',
  T062: 'The API reference is generated from the schema, with an example of every operation that a test runs.',
  T063: 'Composite indexes serve tasks by owner, messages by conversation, memberships, shares and teams.',
  T064: 'Failures that pass are tried again, up to three times, and only where nothing can have been committed.',
  T065: 'A guide in the dashboard explains it to people who are not technical.',
  T066: 'The fourteen scenarios of a working day, and those in which something is wrong, run from end to end.',
  T067: 'This table is made by the test run.',

  'BR-01': 'The creator of a team owns it; it has exactly one owner at any time.',
  'BR-02': 'A former owner becomes ADMIN with the transfer, and the owner cannot go before one.',
  'BR-03': 'An ADMIN manages MEMBERs and VIEWERs only, and no invitation makes an OWNER.',
  'BR-04':
    'In a team, OWNERs and ADMINs can change all tasks, MEMBERs their own; the role VIEWER only allows reading.',
  'BR-05': 'Rights add up; EDIT allows neither deleting nor sharing.',
  'BR-06':
    'The owner of a task and the leaders of its team share it; who leaves a team loses all rights there at once.',
  'BR-07':
    '“Completed today” and “this week” go by the day of completion where the viewer is, weeks by Monday.',
  'BR-08':
    'What one may not see looks like what does not exist; what one may only see is FORBIDDEN to change.',
  'BR-09': 'An edit that is based on an outdated version is refused, and told what the task says now.',
  'BR-10': 'Whatever is created, revoked or deleted twice is so once.',
  'BR-11': 'Rows, counters and events change in one transaction.',
  'BR-12': 'Who acts is never an argument.',
  'BR-13': 'An assistant or MCP client confirms before it deletes or shares, and the server sees to it.',
  'BR-15':
    'A share with a person of no common team is an offer, which they accept, refuse, or block the sender of.',
  'BR-16': 'An invitation is accepted by its link or by a verified address, never by an address alone.',
  'BR-18':
    'Rights cannot be combined: after any allowed steps by several people, each may do what these rules say.',
  'BR-14': 'What each number of the dashboard means, for a person and for a team.',
  'BR-19': 'One person’s requests, subscriptions, sockets and stored data never keep others from working.',
  'BR-20': 'A page never acts for another person than the one that it shows.',
} as const satisfies Record<string, string>;

export type Requirement = keyof typeof requirements;

/**
 * What is missing from a requirement that is not fulfilled yet. Without an entry here, a requirement without a passing
 * test fails the test run. Remove the entry with the test that proves the rest.
 */
export const notBuiltYet: Partial<Record<Requirement, string>> = {
  'BR-13': 'the assistant and MCP',
};
