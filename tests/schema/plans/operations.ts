import type { GraphQLEnumType } from 'graphql';
import { schema } from '../../../schema/index.ts';

/** Types of variables such as `$team`; the others are ids. */
const types: Record<string, string> = {
  slug: 'String!',
  joinSecret: 'String!',
  yesterday: 'DateTime!',
  longAgo: 'DateTime!',
  monday: 'Date!',
  sunday: 'Date!',
  secret: 'String!',
  replayAfter: 'String!',
};

/** An operation with the parameters that it mentions. */
function operation(kind: 'query' | 'mutation', fields: string): string {
  const names = new Set([...fields.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
  const typed = [...names].map(
    (name) => `$${name}: ${types[name] ?? (name.startsWith('cursor') ? 'String' : 'ID!')}`,
  );
  return `${kind}${typed.length === 0 ? '' : ` (${typed.join(', ')})`} { ${fields} }`;
}

const TASK = `
  id title owner { id } assignee { id } team { id owner { id } } parent { id } labels viewerCan { edit }
  shares(first: 5) { totalCount nodes { id sharedWith { id } sharedBy { id } } }
  comments(last: 5) { totalCount nodes { id author { id } viewerCan { edit } } }
  subtasks(first: 5) { totalCount nodes { id } }`;

const ORDERS = (schema.getType('TaskOrderField') as GraphQLEnumType).getValues().map(({ name }) => name);

function tasks(filter: string): string {
  return `tasks(first: 50, filter: { ${filter} }) { totalCount nodes { id title } }`;
}

function activity(filter: string): string {
  return `activity(filter: { ${filter} }) { totalCount nodes { id at } }`;
}

function node(type: string, name: string): [string, string] {
  return [`node ${type}`, `node(id: $${name}) { ... on ${type} { id } }`];
}

function all(kind: 'query' | 'mutation', fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, operation(kind, text)]));
}

/** Every query with a plan of its own. */
export const reads = all('query', {
  viewer: `viewer { id invitations { totalCount nodes { id invitedBy { id } } } apiTokens { totalCount nodes { id } }
       connectedApplications { totalCount nodes { id } }
       approvals { totalCount nodes { id tasks { id } apiToken { id } connectedApplication { id } } }
       conversationOffers { totalCount nodes { conversationId title offeredByName } } }`,
  invitation: 'invitation(secret: $joinSecret) { teamName invitedByName }',
  offers:
    'viewer { shareOffers { totalCount nodes { id offeredByName receiver task { id } } } blockedPeople { totalCount nodes { id name } } }',
  ...Object.fromEntries([
    node('User', 'mate'),
    node('ApiToken', 'token'),
    node('ConnectedApplication', 'application'),
    node('Approval', 'approval'),
    node('AgentRun', 'run'),
    node('Team', 'team'),
    node('Membership', 'member'),
    node('TeamInvitation', 'invitation'),
    node('Task', 'task'),
    node('TaskShare', 'share'),
    node('ShareOffer', 'offer'),
    node('Block', 'block'),
    node('Comment', 'comment'),
    node('Conversation', 'conversation'),
    node('Message', 'message'),
    node('View', 'view'),
    node('CustomDashboard', 'dashboard'),
    node('Webhook', 'webhook'),
    node('WebhookDelivery', 'delivery'),
  ]),
  'Task.shareOffers': 'task(id: $offeredTask) { shareOffers { totalCount nodes { id receiver } } }',
  'offer of a link': 'shareOffer(secret: $secret) { id taskTitle offeredByName }',
  sessions: 'sessions { id }',
  approval: 'approval(id: $approval) { status }',
  agentRuns: `agentRuns(first: 50) { totalCount nodes { id lastEventAt eventCount
    events(first: 5) { totalCount nodes { id through { name agentRun { id } } } } } }`,
  undoPreview: 'undoPreview(id: $run) { outcome fields event { id } }',
  views: 'views { id name owner { id } team { id } totalCount tasks(first: 50) { totalCount nodes { id } } }',
  'views of a team': 'views(teamId: $team) { id filterErrors { code } }',
  customDashboard: `customDashboard(id: $dashboard) { id owner { id } team { id }
    widgets { key data { isExact series { key points { key value } } } } }`,
  customDashboards: 'customDashboards { id name }',
  'customDashboards of a team': 'customDashboards(teamId: $team) { id }',
  'widgetData of a scope':
    'widgetData(widget: { kind: STACKED_BAR, measure: OPEN, by: ASSIGNEE, split: LABEL, teamId: $team }) { isExact }',
  'widgetData of a filter':
    'widgetData(widget: { kind: BAR, measure: COMPLETED, by: WEEK, filterText: "is:mine" }) { isExact }',
  webhooks: `webhooks { totalCount nodes { id position person team { id }
    deliveries(first: 50) { totalCount nodes { id status } } } }`,
  'webhooks of a team': 'webhooks(scope: { teamId: $team }) { totalCount nodes { id } }',
  'node of an unknown person': 'node(id: $hiddenUser) { id }',
  'node of a hidden task': 'node(id: $hiddenTask) { id }',
  nodes: 'nodes(ids: [$task, $anotherTask, $mate, $team, $message]) { id }',

  task: `task(id: $teamTask) { ${TASK} }`,
  'tasks in full': `tasks(first: 50) { totalCount nodes { ${TASK} } }`,
  'tasks from the end': 'tasks(last: 50) { nodes { id } }',
  ...Object.fromEntries(
    ORDERS.flatMap((field) => [
      [`tasks by ${field}`, `tasks(orderBy: [{ field: ${field}, direction: ASC }]) { nodes { id } }`],
      [`tasks by ${field}, down`, `tasks(orderBy: [{ field: ${field}, direction: DESC }]) { nodes { id } }`],
      [
        `tasks by ${field}, on`,
        `tasks(after: $cursor${field}, orderBy: [{ field: ${field}, direction: ASC }]) { nodes { id } }`,
      ],
    ]),
  ),
  'tasks of a status': tasks('status: { in: [TODO, IN_PROGRESS] }'),
  'tasks of a priority': tasks('priority: { eq: URGENT }'),
  'tasks of a label': tasks('labels: { has: "label7" }'),
  'tasks of a title': tasks('title: { contains: "fence" }'),
  'tasks by words': tasks('text: "fence"'),
  'tasks without a word': tasks('not: { text: "fence" }'),
  'tasks assigned to one': tasks('assignee: { eq: $self }'),
  'tasks of an owner': tasks('owner: { eq: $self }'),
  'tasks of a team': tasks('team: { eq: $team }'),
  'tasks of no team': tasks('team: { isNull: true }'),
  'tasks under another': tasks('parent: { eq: $parent }'),
  'tasks under none': tasks('parent: { isNull: true }'),
  'tasks shared with one': tasks('sharedWithViewer: true'),
  'tasks due this week': tasks(
    'dueOn: { after: $monday, before: $sunday }, status: { notIn: [DONE, CANCELLED] }',
  ),
  'tasks put away': tasks('archived: true'),
  'groups of tasks': 'taskGroups(by: STATUS) { key count tasks(first: 50) { totalCount nodes { id } } }',
  'groups by assignee':
    'taskGroups(by: ASSIGNEE, filterText: "is:mine") { key count assignee { id } tasks(first: 50) { nodes { id } } }',
  'groups by label': 'taskGroups(by: LABEL, filterText: "is:open") { key count }',
  'groups by day':
    'taskGroups(by: DUE_DAY, filterText: "has:due", first: 42) { key count firstTasks { id title assignee { id } } }',
  'groups by week': 'taskGroups(by: DUE_WEEK, filterText: "has:due") { key count }',
  'names in a filter':
    'parseTaskFilter(text: "is:open (assignee:me,ada@example.com or team:web)") { text errors { code } }',
  'tasks created since': tasks('createdAt: { after: $yesterday }'),

  team: `team(id: $team) { id owner { id } members { totalCount nodes { id user { id } } }
           invitations { totalCount nodes { id invitedBy { id } } } }`,
  'team by its slug': 'team(slug: $slug) { id }',
  teams: `teams { totalCount nodes { id owner { id } members(first: 5) { totalCount nodes { user { id } } }
            invitations { totalCount nodes { id } } } }`,
  'teams of a role': 'teams(filter: { viewerRole: { eq: OWNER } }) { totalCount nodes { id } }',
  'teams of a name': 'teams(filter: { name: { contains: "eam 1" } }) { totalCount nodes { id } }',

  conversation: `conversation(id: $conversation) { id owner { id } participants { totalCount nodes { id } }
                   messages(last: 20) { totalCount nodes { id author { id } } } }`,
  assistant: `assistant { hasModel commands { name } conversation { id messages(last: 20) { nodes { id calls { name } reply { state } } } } }`,
  'unread messages': `viewer { unreadConversationCount } conversations { nodes { id unreadCount readTo } }`,
  conversations: `conversations { totalCount nodes { id owner { id } participants { totalCount nodes { id } }
                    messages(last: 1) { totalCount nodes { id author { id } } } } }`,
  'conversations by title': `
    conversations(orderBy: { field: TITLE, direction: ASC }, filter: { title: { contains: "fence" } }) {
      totalCount nodes { id }
    }`,
  'conversations with a person': 'conversations(filter: { participant: $mate }) { totalCount nodes { id } }',

  activity: `activity { totalCount nodes { id actor { id } person { id } team { id } task { id } subject { id } } }`,
  'activity of a team': activity('team: { eq: $team }'),
  'activity of a person': activity('actor: $mate'),
  'activity about a task': activity('subject: $teamTask'),
  'activity of a task with its comments': activity('task: $teamTask'),
  'activity without the audit trail': 'activity(audit: false) { totalCount nodes { id at } }',
  trash: 'trash { totalCount nodes { id title owner { id } deletedBy { id } team { id } } }',
  'trash of a team': 'trash(teamId: $team) { nodes { id } }',
  'task in the trash': 'trashedTask(id: $trashedTask) { id title }',
  labels: 'labels { label taskCount }',
  'labels of a team': 'labels(scope: { teamId: $team }, prefix: "g") { label taskCount }',
  'activity of a kind': activity('kind: { eq: TASK_UPDATED }'),
  'activity of a rare kind': activity('kind: { eq: TEAM_MEMBER_JOINED }'),
  'activity of a kind that nothing is of': activity('kind: { in: [COMMENT_DELETED, TASK_DELETED] }'),
  'activity long ago': activity('at: { before: $longAgo }'),
  'activity since yesterday': activity('at: { after: $yesterday }'),

  'search for something rare': 'search(query: "batch4711") { node { ... on Node { id } } }',
  'search for something common': 'search(query: "fence") { node { ... on Node { id } } }',
  'search for what every text holds': 'search(query: "item", first: 50) { node { ... on Node { id } } }',
  'search for two words': 'search(query: "fence item7") { node { ... on Node { id } } }',
  'search for a beginning': 'search(query: "fe") { node { ... on Node { id } } }',

  cursor: 'cursor',
  'who can sign up': 'signUpRules { mode isFirst }',
  'what is left of the budget': 'rateLimit { remaining }',

  dashboard: `dashboard { statistics { total } createdPerDay(days: 30) { count } completedPerDay(days: 365) { count } }`,
  'dashboard of what is assigned': `
    dashboard(scope: { assigned: true }) { statistics { total } createdPerDay { count } history(days: 365) { burnUp { total } } }`,
  'dashboard over time': 'dashboard { history(days: 90) { burnUp { total } leadTime { median } } }',
  'dashboard of a team over time': `
    dashboard(scope: { teamId: $team }) { history(days: 30) { burnUp { total } leadTime { median } } }`,
  'dashboard of a team': `
    dashboard(scope: { teamId: $team }) { statistics { total } createdPerDay { count } completedPerDay { count } }`,
});

/** Every mutation, in an order in which all of them succeed. */
export const changes = all('mutation', {
  updateViewer: 'updateViewer(input: { name: "Ada L" }) { cursor }',
  createTask:
    'createTask(input: { title: "x", teamId: $team, assigneeId: $mate, parentId: $parent }) { task { id } }',
  createTasks:
    'createTasks(input: { tasks: [{ title: "x" }, { title: "y", parentId: $parent }] }) { tasks { id } }',
  updateTask: 'updateTask(input: { id: $task, title: "x", parentId: $parent }) { task { id } }',
  'updateTask into a team':
    'updateTask(input: { id: $anotherTask, teamId: $team, assigneeId: $mate }) { task { id } }',
  updateTasks:
    'updateTasks(input: { tasks: [{ id: $task, title: "y" }, { id: $anotherTask, title: "y" }] }) { tasks { id } }',
  completeTask: 'completeTask(input: { id: $task }) { task { id } }',
  reopenTask: 'reopenTask(input: { id: $task }) { task { id } }',
  moveTask: 'moveTask(input: { id: $task, after: $anotherTask }) { task { id } }',
  'moveTask ahead': 'moveTask(input: { id: $task, before: $anotherTask }) { task { id } }',
  archiveTask: 'archiveTask(input: { id: $task }) { task { id } }',
  shareTask: 'shareTask(input: { taskId: $lastTask, userId: $mate }) { share { id } }',
  'shareTask with a stranger':
    'shareTask(input: { taskId: $lastTask, email: "new@example.com" }) { offer { id receiver } link }',
  acceptShare: 'acceptShare(input: { id: $toAccept }) { share { id } }',
  'acceptShare by a link': 'acceptShare(input: { secret: $secret }) { share { id } }',
  refuseShare: 'refuseShare(input: { id: $toRefuse }) { cursor }',
  revokeShareOffer: 'revokeShareOffer(input: { id: $offer }) { cursor }',
  blockPerson: 'blockPerson(input: { userId: $mate }) { block { id } }',
  unblockPerson: 'unblockPerson(input: { id: $block }) { cursor }',
  updateShare: 'updateShare(input: { id: $share, expiresAt: "2999-01-01T00:00:00Z" }) { share { id } }',
  revokeShare: 'revokeShare(input: { id: $share }) { cursor }',
  addComment: 'addComment(input: { taskId: $task, body: "x" }) { comment { id } }',
  updateComment: 'updateComment(input: { id: $comment, body: "x" }) { comment { id } }',
  deleteComment: 'deleteComment(input: { id: $comment }) { cursor }',
  createTeam: 'createTeam(input: { name: "A new team" }) { team { id } }',
  updateTeam: 'updateTeam(input: { id: $team, name: "Another name" }) { team { id } }',
  inviteMember: 'inviteMember(input: { teamId: $team, email: "new@example.com" }) { invitation { id } }',
  revokeInvitation: 'revokeInvitation(input: { id: $invitation }) { cursor }',
  'acceptInvitation by Bob': 'acceptInvitation(input: { id: $bobsInvitation }) { cursor }',
  changeRole: 'changeRole(input: { id: $member, role: ADMIN }) { membership { id } }',
  removeMember: 'removeMember(input: { id: $leaver }) { cursor }',
  leaveTeam: 'leaveTeam(input: { teamId: $otherTeam }) { cursor }',
  createConversation:
    'createConversation(input: { title: "x", participantIds: [$mate] }) { conversation { id } }',
  'acceptConversation by Bob': 'acceptConversation(input: { id: $bobsOffer }) { conversation { id } }',
  'refuseConversation by Bob': 'refuseConversation(input: { id: $bobsOtherOffer }) { cursor }',
  'leaveConversation by Bob': 'leaveConversation(input: { id: $bobsOffer }) { cursor }',
  addParticipants:
    'addParticipants(input: { id: $conversation, participantIds: [$mate] }) { conversation { id } }',
  markConversationRead: 'markConversationRead(input: { id: $conversation }) { cursor }',
  renameConversation: 'renameConversation(input: { id: $conversation, title: "x" }) { conversation { id } }',
  stopReply: 'stopReply(input: { messageId: $message }) { reply { state } }',
  retryReply: 'retryReply(input: { messageId: $message }) { reply { state } }',
  openAssistantConversation: 'openAssistantConversation { conversation { id isWithAssistant } }',
  sendMessage: 'sendMessage(input: { conversationId: $conversation, content: "x" }) { message { id } }',
  deleteConversation: 'deleteConversation(input: { id: $conversation }) { cursor }',
  createApiToken: 'createApiToken(input: { name: "x", scopes: [READ] }) { apiToken { id } }',
  revokeApiToken: 'revokeApiToken(input: { id: $token }) { cursor }',
  undoRun: 'undoRun(input: { id: $run }) { undone run { id } }',
  createView: 'createView(input: { name: "x", filterText: "assignee:me" }) { view { id } }',
  updateView: 'updateView(input: { id: $view, after: null, name: "x" }) { view { id } }',
  deleteView: 'deleteView(input: { id: $view }) { cursor }',
  createCustomDashboard:
    'createCustomDashboard(input: { name: "x", template: PERSONAL }) { customDashboard { id } }',
  updateCustomDashboard:
    'updateCustomDashboard(input: { id: $dashboard, after: null, name: "x" }) { customDashboard { id } }',
  duplicateCustomDashboard:
    'duplicateCustomDashboard(input: { id: $dashboard, name: "x" }) { customDashboard { id } }',
  deleteCustomDashboard: 'deleteCustomDashboard(input: { id: $dashboard }) { cursor }',
  createWebhook:
    'createWebhook(input: { url: "https://receiver.example.com/", kinds: [TASK_DELETED] }) { webhook { id } }',
  updateWebhook: 'updateWebhook(input: { id: $webhook, description: "x" }) { webhook { id } }',
  rotateWebhookSecret: 'rotateWebhookSecret(input: { id: $webhook }) { cursor }',
  testWebhook: 'testWebhook(input: { id: $webhook }) { delivery { id } }',
  redeliverWebhook: 'redeliverWebhook(input: { deliveryId: $delivery }) { delivery { id } }',
  replayWebhook: 'replayWebhook(input: { id: $webhook, after: $replayAfter }) { webhook { id } }',
  deleteWebhook: 'deleteWebhook(input: { id: $webhook }) { cursor }',
  disconnectApplication: 'disconnectApplication(input: { id: $application }) { cursor }',
  endOtherSessions: 'endOtherSessions { endedSessions }',
  transferOwnership: 'transferOwnership(input: { teamId: $team, userId: $mate }) { team { id } }',
  'deleteTeam by Bob': 'deleteTeam(input: { id: $bobsTeam }) { cursor }',
  deleteTask: 'deleteTask(input: { id: $lastTask }) { cursor }',
  'deleteTasks again': 'deleteTasks(input: { tasks: [{ id: $lastTask }] }) { cursor }',
  restoreTask: 'restoreTask(input: { id: $lastTask }) { task { id } }',
  'restoreTasks again': 'restoreTasks(input: { tasks: [{ id: $lastTask }] }) { tasks { id } }',
  purgeTask: 'purgeTask(input: { id: $trashedTask }) { cursor }',
  'purgeTasks again': 'purgeTasks(input: { tasks: [{ id: $trashedTask }] }) { cursor }',
});
