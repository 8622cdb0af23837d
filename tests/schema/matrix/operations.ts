import { PASSWORD } from '../../kit/world.ts';

type Names = Record<string, string>;
type Variables = Record<string, unknown>;

export interface Operation {
  document: string;
  variables: (names: Names, word: string) => Variables;
  /** What a query must show. */
  shows?: readonly string[];
  /** What it shows to people who see only their own part. */
  own?: string;
  /** What must not exist for NOT_FOUND: the operation with another id gives the same answer. */
  hidden?: string;
  /** The field of `viewerCan` that predicts the answer, on the object with this name. */
  right?: { of: string; type: string; field: string; contains?: string };
  /** False if the event of the change has no id of the subject. */
  traced?: boolean;
}

type Shape = Omit<Operation, 'document' | 'variables'>;

/** A subscription; its first payload counts. */
function live(fields: string, variables: Operation['variables'], shape: Shape): Operation {
  const followed = read(fields, variables, shape);
  return { ...followed, document: followed.document.replace('query', 'subscription') };
}

/** A list or an object that shows its subject by an id. */
function read(fields: string, variables: Operation['variables'], shape: Shape): Operation {
  const parameters = Object.entries(variables({}, '')).map(
    ([name]) => `$${name}: ${PARAMETERS[name] ?? 'ID!'}`,
  );
  const head = parameters.length === 0 ? '' : `(${parameters.join(', ')})`;
  return { document: `query ${head} { ${fields} }`, variables, ...shape };
}

const PARAMETERS: Record<string, string> = {
  title: 'String!',
  word: 'String!',
  ids: '[ID!]!',
  slug: 'String!',
  secret: 'String!',
};

/** A mutation; the subject's own rows and events show what it did. */
function write(field: string, input: Operation['variables'], shape: Shape = {}): Operation {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  return {
    document: `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ${SELECTIONS[field] ?? 'cursor'} } }`,
    variables: (names, word) => ({ input: input(names, word) }),
    ...shape,
  };
}

/** The state that is read after the change, with the remaining rights. */
const SELECTIONS: Record<string, string> = {
  ...Object.fromEntries(
    ['create', 'update', 'complete', 'reopen', 'move', 'archive'].map((verb) => [
      `${verb}Task`,
      'cursor task { id }',
    ]),
  ),
  restoreTask: 'cursor task { id }',
  restoreTasks: 'cursor tasks { id }',
  createTasks: 'cursor tasks { id }',
  updateTasks: 'cursor tasks { id }',
  shareTask: 'cursor share { id } offer { id } link',
  acceptShare: 'cursor share { id }',
  blockPerson: 'cursor block { id }',
  updateShare: 'cursor share { id }',
  addComment: 'cursor comment { id }',
  updateComment: 'cursor comment { id }',
  createTeam: 'cursor team { id }',
  updateTeam: 'cursor team { id }',
  createView: 'cursor view { id }',
  updateView: 'cursor view { id }',
  createCustomDashboard: 'cursor customDashboard { id }',
  updateCustomDashboard: 'cursor customDashboard { id }',
  duplicateCustomDashboard: 'cursor customDashboard { id }',
  transferOwnership: 'cursor team { id }',
  changeRole: 'cursor membership { id }',
  acceptInvitation: 'cursor membership { id }',
  inviteMember: 'cursor invitation { id }',
  renameConversation: 'cursor conversation { id }',
  acceptConversation: 'cursor conversation { id }',
  createConversation: 'cursor conversation { id }',
  addParticipants: 'cursor conversation { id }',
  markConversationRead: 'cursor conversation { id }',
  sendMessage: 'cursor message { id }',
  signIn: 'token',
  resetPassword: 'email',
  signUp: 'token',
};

function node(type: string, name: string): Operation {
  return read(`node(id: $id) { ... on ${type} { id } }`, (names) => ({ id: names[name] }), { shows: [name] });
}

function nodes(type: string, name: string): Operation {
  return read(`nodes(ids: $ids) { ... on ${type} { id } }`, (names) => ({ ids: [names[name]] }), {
    shows: [name],
  });
}

function ofTask(fields: string, shows: readonly string[], shape: Shape = {}): Operation {
  return read(`task(id: $task) { ${fields} }`, ({ task }) => ({ task }), { shows, hidden: 'task', ...shape });
}

function tasks(filter: string, variables: Operation['variables'] = () => ({})): Operation {
  return read(
    `tasks(filter: { title: { contains: $title }, ${filter} }) { nodes { id } }`,
    (names, word) => ({ ...variables(names, word), title: `${word}t` }),
    { shows: ['task'] },
  );
}

function search(type: string, ending: string, name: string): Operation {
  return read(
    `search(query: $word, types: [${type}]) { node { ... on Node { id } } snippet { text } }`,
    (_names, word) => ({ word: `${word}${ending}` }),
    { shows: [name] },
  );
}

function activityOf(name: string): Operation {
  return read(
    'activity(filter: { subject: $id, kind: { notIn: [ACCESS_REFUSED] } }) { totalCount nodes { at } }',
    (names) => ({ id: names[name] }),
    { shows: [] },
  );
}

const may = (of: string, type: string) => (field: string, contains?: string) => ({
  right: { of, type, field, ...(contains ? { contains } : {}) },
});
const task = may('task', 'Task');
const team = may('team', 'Team');
const conversation = may('conversation', 'Conversation');
const theTask = { hidden: 'task' };
const theTeam = { hidden: 'team' };
const theConversation = { hidden: 'conversation' };
const members = (of: string) => ({ hidden: of, ...may(of, 'Membership')('manage') });

const onTasks: Record<string, Operation> = {
  task: ofTask('id', ['task']),
  'task, live': live('task(id: $id) { task { id } }', (names) => ({ id: names['task'] }), {
    shows: ['task'],
    hidden: 'task',
  }),
  tasks: tasks(''),
  'tasks of its team': tasks('team: { isNull: false }'),
  'tasks under its parent': tasks('parent: { eq: $parent }', ({ parent }) => ({ parent })),
  'tasks shared with one': tasks('sharedWithViewer: true'),
  'tasks owned or assigned': tasks('ownedOrAssigned: true'),
  'TaskGroup.tasks': read(
    'taskGroups(by: STATUS, filterText: $title) { key tasks { nodes { id } } firstTasks { id } }',
    (_names, word) => ({ title: `title:"${word}t"` }),
    { shows: ['task'] },
  ),
  'tasks by a text': read(
    'tasks(filterText: $title) { nodes { id } }',
    (_names, word) => ({ title: `title:"${word}t"` }),
    { shows: ['task'] },
  ),
  'tasks by words': read(
    'tasks(filter: { text: $word }) { nodes { id highlights(query: $word) { title { text } } } }',
    (_names, word) => ({ word: `${word}t` }),
    { shows: ['task'] },
  ),
  'tasks.totalCount': read(
    'tasks(filter: { id: { eq: $id } }) { totalCount }',
    (names) => ({ id: names['task'] }),
    {
      shows: [],
    },
  ),
  'node Task': node('Task', 'task'),
  'nodes Task': nodes('Task', 'task'),
  'node Comment': node('Comment', 'comment'),
  'node TaskShare': node('TaskShare', 'share'),
  'search a task': search('TASK', 't', 'task'),
  'search a comment': search('COMMENT', 'c', 'comment'),
  activity: activityOf('task'),
  'activity with its comments': read(
    'activity(filter: { task: $id, kind: { notIn: [ACCESS_REFUSED] } }) { totalCount nodes { at } }',
    (names) => ({ id: names['task'] }),
    { shows: [] },
  ),
  'activity of those refused': read(
    'activity(filter: { subject: $id, kind: { eq: ACCESS_REFUSED } }) { totalCount }',
    (names) => ({ id: names['task'] }),
    { shows: [] },
  ),
  'Task.team': ofTask('team { id }', ['team']),
  'Task.parent': ofTask('parent { id }', ['parent']),
  'Task.subtasks': ofTask('subtasks { nodes { id } totalCount }', ['subtask']),
  'Task.comments': ofTask('comments { nodes { id } totalCount }', ['comment', 'ownComment']),
  'Task.shareOffers': ofTask('shareOffers { nodes { id } totalCount }', ['offer', 'ownOffer']),
  'node ShareOffer': node('ShareOffer', 'offer'),
  'node ShareOffer to oneself': node('ShareOffer', 'ownOffer'),
  'shareOffer by its link': read('shareOffer(secret: $secret) { id }', ({ secret }) => ({ secret }), {
    shows: ['offer'],
    hidden: 'secret',
  }),
  'Task.shares': ofTask('shares { nodes { id } totalCount }', ['share'], { own: 'ownShare' }),

  updateTask: write('updateTask', (names) => ({ id: names['task'], title: 'x' }), {
    ...theTask,
    ...task('edit'),
  }),
  updateTasks: write(
    'updateTasks',
    (names) => ({
      tasks: [
        { id: names['mine'], title: 'x' },
        { id: names['task'], title: 'x' },
      ],
    }),
    { ...theTask, ...task('edit') },
  ),
  completeTask: write('completeTask', (names) => ({ id: names['task'] }), { ...theTask, ...task('edit') }),
  reopenTask: write('reopenTask', (names) => ({ id: names['finished'] }), { hidden: 'finished' }),
  moveTask: write('moveTask', (names) => ({ id: names['task'], after: names['mine'] }), {
    ...theTask,
    ...task('edit'),
  }),
  'moveTask behind it': write('moveTask', (names) => ({ id: names['mine'], after: names['task'] }), theTask),
  'moveTask ahead of it': write(
    'moveTask',
    (names) => ({ id: names['mine'], before: names['task'] }),
    theTask,
  ),
  archiveTask: write('archiveTask', (names) => ({ id: names['task'] }), { ...theTask, ...task('edit') }),
  'updateTask to another person': write(
    'updateTask',
    (names) => ({ id: names['task'], assigneeId: names['assignable'] }),
    { ...theTask, ...task('assign') },
  ),
  'updateTask to no assignee': write(
    'updateTask',
    (names) => ({ id: names['task'], assigneeId: null }),
    theTask,
  ),
  'updateTask out of its team': write(
    'updateTask',
    (names) => ({ id: names['task'], teamId: null, assigneeId: null }),
    theTask,
  ),
  'updateTask into another': write('updateTask', (names) => ({ id: names['task'], teamId: names['annex'] }), {
    ...theTask,
    ...task('move'),
  }),
  'updateTask into a team': write('updateTask', (names) => ({ id: names['task'], teamId: names['team'] }), {
    ...theTask,
    ...task('move'),
  }),
  deleteTask: write('deleteTask', (names) => ({ id: names['task'] }), { ...theTask, ...task('delete') }),
  deleteTasks: write('deleteTasks', (names) => ({ tasks: [{ id: names['task'] }] }), theTask),
  'createTask under it': write(
    'createTask',
    (names) => ({ id: names['fresh'], title: 'x', parentId: names['task'] }),
    { ...theTask, ...task('edit') },
  ),
  'createTasks under it': write(
    'createTasks',
    (names) => ({ tasks: [{ title: 'x' }, { id: names['fresh'], title: 'x', parentId: names['task'] }] }),
    theTask,
  ),
  'updateTask under it': write(
    'updateTask',
    (names) => ({ id: names['mine'], parentId: names['task'] }),
    theTask,
  ),
  'updateTasks under it': write(
    'updateTasks',
    (names) => ({ tasks: [{ id: names['mine'], parentId: names['task'] }] }),
    theTask,
  ),
  'createTask by its id': write('createTask', (names) => ({ id: names['task'], title: 'x' })),
  shareTask: write(
    'shareTask',
    (names) => ({ taskId: names['task'], email: names['newcomer'], permission: 'EDIT' }),
    { ...theTask, ...task('share') },
  ),
  updateShare: write('updateShare', (names) => ({ id: names['share'], permission: 'EDIT' }), {
    hidden: 'share',
  }),
  'updateShare to oneself': write(
    'updateShare',
    (names) => ({ id: names['ownShare'], expiresAt: '2999-01-01T00:00:00Z' }),
    { hidden: 'ownShare' },
  ),
  revokeShare: write('revokeShare', (names) => ({ id: names['share'] }), { hidden: 'share' }),
  'revokeShare to oneself': write('revokeShare', (names) => ({ id: names['ownShare'] }), {
    hidden: 'ownShare',
  }),
  acceptShare: write('acceptShare', (names) => ({ id: names['offer'] }), { hidden: 'offer' }),
  'acceptShare to oneself': write('acceptShare', (names) => ({ id: names['ownOffer'] }), {
    hidden: 'ownOffer',
  }),
  'acceptShare by its link': write('acceptShare', ({ secret }) => ({ secret }), { hidden: 'secret' }),
  refuseShare: write('refuseShare', (names) => ({ id: names['offer'] }), { hidden: 'offer' }),
  'refuseShare to oneself': write('refuseShare', (names) => ({ id: names['ownOffer'] }), {
    hidden: 'ownOffer',
  }),
  'refuseShare by its link': write('refuseShare', ({ secret }) => ({ secret }), { hidden: 'secret' }),
  revokeShareOffer: write('revokeShareOffer', (names) => ({ id: names['offer'] }), { hidden: 'offer' }),
  'revokeShareOffer to oneself': write('revokeShareOffer', (names) => ({ id: names['ownOffer'] }), {
    hidden: 'ownOffer',
  }),
  addComment: write(
    'addComment',
    (names) => ({ id: names['freshComment'], taskId: names['task'], body: 'x' }),
    { ...theTask, ...task('comment') },
  ),
  updateComment: write('updateComment', (names) => ({ id: names['comment'], body: 'x' }), {
    hidden: 'comment',
    ...may('comment', 'Comment')('edit'),
  }),
  'updateComment by oneself': write('updateComment', (names) => ({ id: names['ownComment'], body: 'x' }), {
    hidden: 'ownComment',
    ...may('ownComment', 'Comment')('edit'),
  }),
  deleteComment: write('deleteComment', (names) => ({ id: names['comment'] }), {
    hidden: 'comment',
    ...may('comment', 'Comment')('delete'),
  }),
  'deleteComment by oneself': write('deleteComment', (names) => ({ id: names['ownComment'] }), {
    hidden: 'ownComment',
    ...may('ownComment', 'Comment')('delete'),
  }),
};

const onTrash: Record<string, Operation> = {
  'task in the trash': ofTask('id', ['task']),
  trashedTask: read('trashedTask(id: $id) { id title }', (names) => ({ id: names['task'] }), {
    shows: ['task'],
    ...theTask,
  }),
  'updateTask in the trash': write('updateTask', (names) => ({ id: names['task'], title: 'x' }), theTask),
  'createTask by its id': write('createTask', (names) => ({ id: names['task'], title: 'x' })),
  restoreTask: write('restoreTask', (names) => ({ id: names['task'] }), theTask),
  restoreTasks: write('restoreTasks', (names) => ({ tasks: [{ id: names['task'] }] }), theTask),
  purgeTask: write('purgeTask', (names) => ({ id: names['task'] }), theTask),
  purgeTasks: write('purgeTasks', (names) => ({ tasks: [{ id: names['task'] }] }), theTask),
};

/** The secret of the link of a scene's invitation. */
const secretOf = (_names: Names, word: string) => ({ secret: `secret of ${word}` });

/** The staged webhooks are disabled: what sends something is a CONFLICT for those who may do it. */
const onWebhooks: Record<string, Operation> = {
  'node Webhook': node('Webhook', 'webhook'),
  'node WebhookDelivery': node('WebhookDelivery', 'delivery'),
  'Webhook.deliveries': read(
    'node(id: $id) { ... on Webhook { deliveries { nodes { id } } } }',
    (names) => ({ id: names['webhook'] }),
    { shows: ['delivery'] },
  ),
  updateWebhook: write('updateWebhook', (names) => ({ id: names['webhook'], kinds: ['TASK_DELETED'] }), {
    hidden: 'webhook',
  }),
  rotateWebhookSecret: write('rotateWebhookSecret', (names) => ({ id: names['webhook'] }), {
    hidden: 'webhook',
  }),
  deleteWebhook: write('deleteWebhook', (names) => ({ id: names['webhook'] }), { hidden: 'webhook' }),
  testWebhook: write('testWebhook', (names) => ({ id: names['webhook'] }), { hidden: 'webhook' }),
  redeliverWebhook: write('redeliverWebhook', (names) => ({ deliveryId: names['delivery'] }), {
    hidden: 'delivery',
  }),
  replayWebhook: write('replayWebhook', (names) => ({ id: names['webhook'], after: 'x' }), {
    hidden: 'webhook',
  }),
};

const theView = { hidden: 'view', ...may('view', 'View')('edit') };

const onViews: Record<string, Operation> = {
  'node View': node('View', 'view'),
  updateView: write(
    'updateView',
    (names) => ({ id: names['view'], name: 'x', after: names['view'] }),
    theView,
  ),
  deleteView: write('deleteView', (names) => ({ id: names['view'] }), theView),
};

const theDashboard = { hidden: 'dashboard', ...may('dashboard', 'CustomDashboard')('edit') };

const onDashboards: Record<string, Operation> = {
  customDashboard: read('customDashboard(id: $id) { id }', (names) => ({ id: names['dashboard'] }), {
    shows: ['dashboard'],
    hidden: 'dashboard',
  }),
  'node CustomDashboard': node('CustomDashboard', 'dashboard'),
  updateCustomDashboard: write(
    'updateCustomDashboard',
    (names) => ({
      id: names['dashboard'],
      name: 'x',
      after: names['dashboard'],
      widgets: [{ kind: 'NUMBER', measure: 'OPEN', teamId: names['team'] }],
    }),
    theDashboard,
  ),
  deleteCustomDashboard: write(
    'deleteCustomDashboard',
    (names) => ({ id: names['dashboard'] }),
    theDashboard,
  ),
};

const onTeams: Record<string, Operation> = {
  team: read('team(id: $id) { id }', (names) => ({ id: names['team'] }), { shows: ['team'], ...theTeam }),
  'team by its slug': read('team(slug: $slug) { id }', ({ slug }) => ({ slug }), {
    shows: ['team'],
    hidden: 'slug',
  }),
  teams: read('teams(filter: { name: { contains: $word } }) { nodes { id } }', (_names, word) => ({ word }), {
    shows: ['team'],
  }),
  'teams.totalCount': read(
    'teams(filter: { name: { contains: $word } }) { totalCount }',
    (_names, word) => ({ word }),
    { shows: [] },
  ),
  'trash of it': read('trash(teamId: $id) { nodes { id } }', (names) => ({ id: names['team'] }), {
    shows: ['trashed'],
    ...theTeam,
  }),
  'tasks of it': read(
    'tasks(filter: { team: { eq: $id } }) { nodes { id } }',
    (names) => ({ id: names['team'] }),
    {
      shows: ['task'],
    },
  ),
  'tasks by its slug': read(
    'tasks(filterText: $slug) { nodes { id } }',
    ({ slug }) => ({ slug: `team:${slug}` }),
    {
      shows: ['task'],
    },
  ),
  activity: activityOf('team'),
  'labels of it': read('labels(scope: { teamId: $id }) { label }', (names) => ({ id: names['team'] }), {
    shows: ['label'],
    ...theTeam,
  }),
  'dashboard of it': read(
    'dashboard(scope: { teamId: $id }) { statistics { total } }',
    (names) => ({ id: names['team'] }),
    theTeam,
  ),
  'node Team': node('Team', 'team'),
  'nodes Team': nodes('Team', 'team'),
  'node Membership': node('Membership', 'member'),
  'node TeamInvitation': node('TeamInvitation', 'invitation'),
  'node TeamInvitation to oneself': node('TeamInvitation', 'ownInvitation'),
  'node User in it': node('User', 'otherMember'),
  'Team.members': read(
    'team(id: $id) { members { nodes { id } totalCount } }',
    (names) => ({ id: names['team'] }),
    { shows: ['owner', 'admin', 'member', 'viewer'], ...theTeam },
  ),
  'Team.invitations': read(
    'team(id: $id) { invitations { nodes { id } totalCount } }',
    (names) => ({ id: names['team'] }),
    { shows: ['invitation', 'adminInvitation'], ...theTeam },
  ),
  'User.invitations to oneself': read('viewer { invitations(first: 100) { nodes { id } } }', () => ({}), {
    shows: ['ownInvitation'],
  }),

  'createTask in it': write(
    'createTask',
    (names) => ({ id: names['fresh'], title: 'x', teamId: names['team'] }),
    { ...theTeam, ...team('createTask') },
  ),
  'createTasks in it': write(
    'createTasks',
    (names) => ({ tasks: [{ title: 'x' }, { id: names['fresh'], title: 'x', teamId: names['team'] }] }),
    { ...theTeam, ...team('createTask') },
  ),
  'updateTask into it': write('updateTask', (names) => ({ id: names['mine'], teamId: names['team'] }), {
    ...theTeam,
    ...team('createTask'),
  }),
  'updateTasks into it': write(
    'updateTasks',
    (names) => ({ tasks: [{ id: names['mine'], teamId: names['team'] }] }),
    { ...theTeam, ...team('createTask') },
  ),
  ...onViews,
  'createApiToken of it': write(
    'createApiToken',
    (names, word) => ({ name: word, scopes: ['READ'], teamIds: [names['team']] }),
    { ...theTeam, traced: false },
  ),
  'views of it': read('views(teamId: $id) { id }', (names) => ({ id: names['team'] }), {
    shows: ['view'],
    ...theTeam,
  }),
  'View.tasks': read(
    'node(id: $id) { ... on View { tasks { nodes { id } } totalCount } }',
    (names) => ({ id: names['view'] }),
    { shows: ['task'] },
  ),
  'createView of it': write('createView', (names) => ({ teamId: names['team'], name: 'x' }), {
    ...theTeam,
    ...team('manageViews'),
  }),
  ...onDashboards,
  duplicateCustomDashboard: write(
    'duplicateCustomDashboard',
    (names) => ({ id: names['dashboard'], teamId: names['team'], name: 'x' }),
    theDashboard,
  ),
  'customDashboards of it': read('customDashboards(teamId: $id) { id }', (names) => ({ id: names['team'] }), {
    shows: ['dashboard'],
    ...theTeam,
  }),
  'CustomDashboard.widgets': read(
    'node(id: $id) { ... on CustomDashboard { id widgets { data { series { points { value } } } } } }',
    (names) => ({ id: names['dashboard'] }),
    { shows: ['dashboard'] },
  ),
  'createCustomDashboard of it': write(
    'createCustomDashboard',
    (names) => ({
      teamId: names['team'],
      name: 'x',
      widgets: [{ kind: 'NUMBER', measure: 'OPEN', teamId: names['team'] }],
    }),
    { ...theTeam, ...team('manageViews') },
  ),
  ...onWebhooks,
  'webhooks of it': read(
    'webhooks(scope: { teamId: $id }) { nodes { id } }',
    (names) => ({ id: names['team'] }),
    { shows: ['webhook'], ...theTeam },
  ),
  'createWebhook of it': write(
    'createWebhook',
    (names) => ({ teamId: names['team'], url: 'https://receiver.example.com/', kinds: ['USER_SIGNED_UP'] }),
    { ...theTeam, ...team('manageWebhooks') },
  ),
  updateTeam: write(
    'updateTeam',
    (names) => ({ id: names['team'], description: 'x', defaultViewId: names['view'] }),
    { ...theTeam, ...team('update') },
  ),
  deleteTeam: write('deleteTeam', (names) => ({ id: names['team'] }), { ...theTeam, ...team('delete') }),
  transferOwnership: write(
    'transferOwnership',
    (names) => ({ teamId: names['team'], userId: names['otherMember'] }),
    { ...theTeam, ...team('transfer') },
  ),
  'transferOwnership to outside': write(
    'transferOwnership',
    (names) => ({ teamId: names['team'], userId: names['outsider'] }),
    { hidden: 'outsider' },
  ),
  'transferOwnership to oneself': write(
    'transferOwnership',
    (names) => ({ teamId: names['team'], userId: names['self'] }),
    theTeam,
  ),
  leaveTeam: write('leaveTeam', (names) => ({ teamId: names['team'] }), { ...theTeam, ...team('leave') }),
  inviteMember: write(
    'inviteMember',
    (names, word) => ({ teamId: names['team'], email: `${word}@example.com` }),
    {
      ...theTeam,
      ...team('invite'),
    },
  ),
  'inviteMember as an admin': write(
    'inviteMember',
    (names, word) => ({ teamId: names['team'], email: `${word}@example.com`, role: 'ADMIN' }),
    { ...theTeam, ...team('grantRoles', 'ADMIN') },
  ),
  'inviteMember who is one': write(
    'inviteMember',
    (names) => ({ teamId: names['team'], email: names['memberEmail'] }),
    theTeam,
  ),
  'inviteMember again, an admin': write(
    'inviteMember',
    (names, word) => ({ teamId: names['team'], email: `admin.${word}@example.com` }),
    theTeam,
  ),
  acceptInvitation: write('acceptInvitation', (names) => ({ id: names['invitation'] }), {
    hidden: 'invitation',
    ...may('invitation', 'TeamInvitation')('accept'),
  }),
  'invitation by its link': read('invitation(secret: $secret) { teamName }', secretOf, {}),
  'acceptInvitation by its link': write('acceptInvitation', secretOf),
  'revokeInvitation by its link': write('revokeInvitation', secretOf),
  'acceptInvitation to oneself': write('acceptInvitation', (names) => ({ id: names['ownInvitation'] }), {
    hidden: 'ownInvitation',
    ...may('ownInvitation', 'TeamInvitation')('accept'),
  }),
  revokeInvitation: write('revokeInvitation', (names) => ({ id: names['invitation'] }), {
    hidden: 'invitation',
    ...may('invitation', 'TeamInvitation')('revoke'),
  }),
  'revokeInvitation of an admin': write('revokeInvitation', (names) => ({ id: names['adminInvitation'] }), {
    hidden: 'adminInvitation',
    ...may('adminInvitation', 'TeamInvitation')('revoke'),
  }),
  'revokeInvitation to oneself': write('revokeInvitation', (names) => ({ id: names['ownInvitation'] }), {
    hidden: 'ownInvitation',
    ...may('ownInvitation', 'TeamInvitation')('revoke'),
  }),
  'changeRole of the owner': write(
    'changeRole',
    ({ owner }) => ({ id: owner, role: 'MEMBER' }),
    members('owner'),
  ),
  'changeRole of an admin': write(
    'changeRole',
    ({ admin }) => ({ id: admin, role: 'MEMBER' }),
    members('admin'),
  ),
  'changeRole of a member': write(
    'changeRole',
    ({ member }) => ({ id: member, role: 'VIEWER' }),
    members('member'),
  ),
  'changeRole to an admin': write('changeRole', ({ member }) => ({ id: member, role: 'ADMIN' }), {
    hidden: 'member',
    ...team('grantRoles', 'ADMIN'),
  }),
  'changeRole of a viewer': write(
    'changeRole',
    ({ viewer }) => ({ id: viewer, role: 'MEMBER' }),
    members('viewer'),
  ),
  'changeRole of oneself': write('changeRole', ({ own }) => ({ id: own, role: 'VIEWER' }), members('own')),
  'removeMember, the owner': write('removeMember', ({ owner }) => ({ id: owner }), members('owner')),
  'removeMember, an admin': write('removeMember', ({ admin }) => ({ id: admin }), members('admin')),
  'removeMember, a member': write('removeMember', ({ member }) => ({ id: member }), members('member')),
  'removeMember, a viewer': write('removeMember', ({ viewer }) => ({ id: viewer }), members('viewer')),
  'removeMember, oneself': write('removeMember', ({ own }) => ({ id: own }), members('own')),
};

const onConversations: Record<string, Operation> = {
  'messages, live': live(
    'messages(conversationId: $id) { cursor }',
    (names) => ({ id: names['conversation'] }),
    theConversation,
  ),
  conversation: read('conversation(id: $id) { id }', (names) => ({ id: names['conversation'] }), {
    shows: ['conversation'],
    ...theConversation,
  }),
  conversations: read(
    'conversations(filter: { title: { contains: $title } }) { nodes { id } }',
    (_names, word) => ({ title: word }),
    { shows: ['conversation'] },
  ),
  'conversations.totalCount': read(
    'conversations(filter: { title: { contains: $title } }) { totalCount }',
    (_names, word) => ({ title: word }),
    { shows: [] },
  ),
  'conversations of its owner': read(
    'conversations(filter: { participant: $id, title: { contains: $title } }) { nodes { id } }',
    (names, word) => ({ id: names['ownerId'], title: word }),
    { shows: ['conversation'] },
  ),
  'node Conversation': node('Conversation', 'conversation'),
  'nodes Conversation': nodes('Conversation', 'conversation'),
  'node Message': node('Message', 'message'),
  'search a message': search('MESSAGE', 'm', 'message'),
  activity: activityOf('message'),
  'Conversation.messages': read(
    'conversation(id: $id) { messages { nodes { id } totalCount } }',
    (names) => ({ id: names['conversation'] }),
    { shows: ['message'], ...theConversation },
  ),
  'Conversation.participants': read(
    'conversation(id: $id) { participants { nodes { id } totalCount } }',
    (names) => ({ id: names['conversation'] }),
    { shows: ['ownerId'], ...theConversation },
  ),
  'Conversation.unreadCount': read(
    'conversation(id: $id) { id unreadCount readTo }',
    (names) => ({ id: names['conversation'] }),
    { shows: ['conversation'], ...theConversation },
  ),
  'User.conversationOffers': read(
    'viewer { conversationOffers(first: 100) { nodes { conversationId } } }',
    () => ({}),
    { shows: ['conversation'] },
  ),
  leaveConversation: write('leaveConversation', (names) => ({ id: names['conversation'] }), {
    ...theConversation,
    ...conversation('leave'),
  }),
  // Participants have accepted it earlier, so nothing changes for them.
  acceptConversation: write('acceptConversation', (names) => ({ id: names['conversation'] }), {
    ...theConversation,
    traced: false,
  }),
  refuseConversation: write(
    'refuseConversation',
    (names) => ({ id: names['conversation'] }),
    theConversation,
  ),
  // The event belongs to the reader alone.
  markConversationRead: write(
    'markConversationRead',
    (names) => ({ id: names['conversation'], messageId: names['message'] }),
    theConversation,
  ),
  addParticipants: write(
    'addParticipants',
    (names) => ({ id: names['conversation'], emails: ['someone@example.com'] }),
    { ...theConversation, ...conversation('addParticipants'), traced: false },
  ),
  renameConversation: write('renameConversation', (names) => ({ id: names['conversation'], title: 'x' }), {
    ...theConversation,
    ...conversation('rename'),
  }),
  deleteConversation: write('deleteConversation', (names) => ({ id: names['conversation'] }), {
    ...theConversation,
    ...conversation('delete'),
  }),
  'assistantReply, live': live(
    'assistantReply(conversationId: $id) { cursor }',
    (names) => ({ id: names['conversation'] }),
    theConversation,
  ),
  stopReply: write('stopReply', (names) => ({ messageId: names['message'] }), {
    hidden: 'message',
    traced: false,
  }),
  retryReply: write('retryReply', (names) => ({ messageId: names['message'] }), { hidden: 'message' }),
  sendMessage: write(
    'sendMessage',
    (names) => ({ id: names['fresh'], conversationId: names['conversation'], content: 'x' }),
    { ...theConversation, ...conversation('send') },
  ),
};

const thePerson = { hidden: 'person' };

const onPeople: Record<string, Operation> = {
  'node User': node('User', 'person'),
  'nodes User': nodes('User', 'person'),
  'node ApiToken': node('ApiToken', 'token'),
  'node ConnectedApplication': node('ConnectedApplication', 'application'),
  'User.approvals': read(
    'node(id: $id) { ... on User { approvals(first: 100) { nodes { id } } } }',
    (names) => ({ id: names['person'] }),
    { shows: ['approval'] },
  ),
  'node Session': node('Session', 'session'),
  ...onViews,
  ...onDashboards,
  duplicateCustomDashboard: write(
    'duplicateCustomDashboard',
    (names) => ({ id: names['dashboard'], name: 'x' }),
    { hidden: 'dashboard', traced: false },
  ),
  ...onWebhooks,
  'User.apiTokens': read(
    'node(id: $id) { ... on User { apiTokens(first: 100) { nodes { id } } } }',
    (names) => ({ id: names['person'] }),
    { shows: ['token'] },
  ),
  'User.connectedApplications': read(
    'node(id: $id) { ... on User { connectedApplications(first: 100) { nodes { id } } } }',
    (names) => ({ id: names['person'] }),
    { shows: ['application'] },
  ),
  'User.invitations': read(
    'node(id: $id) { ... on User { invitations(first: 100) { nodes { id } } } }',
    (names) => ({ id: names['person'] }),
    { shows: ['invitation'] },
  ),
  'User.shareOffers': read(
    'node(id: $id) { ... on User { shareOffers(first: 100) { nodes { id } } } }',
    (names) => ({ id: names['person'] }),
    { shows: ['offer'] },
  ),
  'node Block': node('Block', 'block'),
  'User.blockedPeople': read(
    'node(id: $id) { ... on User { blockedPeople(first: 100) { nodes { id } } } }',
    (names) => ({ id: names['person'] }),
    { shows: ['block'] },
  ),
  blockPerson: write('blockPerson', (names) => ({ userId: names['person'] }), {
    ...thePerson,
    traced: false,
  }),
  'blockPerson by an offer': write('blockPerson', (names) => ({ offerId: names['offer'] }), {
    hidden: 'offer',
    traced: false,
  }),
  'blockPerson by a link': write('blockPerson', ({ secret }) => ({ secret }), {
    hidden: 'secret',
    traced: false,
  }),
  unblockPerson: write('unblockPerson', (names) => ({ id: names['block'] }), { hidden: 'block' }),
  'User.email': read('node(id: $id) { ... on User { email } }', (names) => ({ id: names['person'] }), {
    shows: ['email'],
  }),
  createConversation: write(
    'createConversation',
    (names) => ({ id: names['freshConversation'], title: 'x', participantIds: [names['person']] }),
    thePerson,
  ),
  addParticipants: write(
    'addParticipants',
    (names) => ({ id: names['ownConversation'], participantIds: [names['person']] }),
    { ...thePerson, traced: false },
  ),
  shareTask: write('shareTask', (names) => ({ taskId: names['mine'], userId: names['person'] }), thePerson),
  'shareTask by the address': write('shareTask', (names) => ({
    taskId: names['mine'],
    email: names['email'],
  })),
  'createTask for them': write(
    'createTask',
    (names) => ({ id: names['fresh'], title: 'x', assigneeId: names['person'] }),
    thePerson,
  ),
  'createTasks for them': write(
    'createTasks',
    (names) => ({ tasks: [{ id: names['fresh'], title: 'x', assigneeId: names['person'] }] }),
    thePerson,
  ),
  'updateTask for them': write(
    'updateTask',
    (names) => ({ id: names['mine'], assigneeId: names['person'] }),
    thePerson,
  ),
  'updateTasks for them': write(
    'updateTasks',
    (names) => ({ tasks: [{ id: names['mine'], assigneeId: names['person'] }] }),
    thePerson,
  ),
  revokeApiToken: write('revokeApiToken', (names) => ({ id: names['token'] }), { hidden: 'token' }),
  disconnectApplication: write('disconnectApplication', (names) => ({ id: names['application'] }), {
    hidden: 'application',
  }),
  approval: read('approval(id: $id) { id }', (names) => ({ id: names['approval'] }), {
    shows: ['approval'],
    hidden: 'approval',
  }),
  approve: write('approve', (names) => ({ id: names['approval'] })),
  refuse: write('refuse', (names) => ({ id: names['approval'] })),
  setDeletionGrant: write('setDeletionGrant', (names) => ({ id: names['token'], until: null })),
  'node AgentRun': node('AgentRun', 'run'),
  'AgentRun.events': read(
    'node(id: $id) { ... on AgentRun { id events { nodes { id } } } }',
    (names) => ({ id: names['run'] }),
    { shows: ['run'] },
  ),
  agentRuns: read('agentRuns(first: 100) { nodes { id } }', () => ({}), { shows: ['run'] }),
  undoPreview: read('undoPreview(id: $id) { outcome }', (names) => ({ id: names['run'] }), { hidden: 'run' }),
  undoRun: write('undoRun', (names) => ({ id: names['run'] }), { hidden: 'run', traced: false }),
  endSession: write('endSession', (names) => ({ id: names['session'] }), { hidden: 'session' }),
};

const untraced = { traced: false };

const onOneself: Record<string, Operation> = {
  viewer: read('viewer { id }', () => ({}), {}),
  dashboard: read('dashboard { statistics { total } }', () => ({}), {}),
  cursor: read('cursor', () => ({}), {}),
  parseTaskFilter: read('parseTaskFilter(text: "is:open") { text }', () => ({}), {}),
  performance: read('performance { pool { size } }', () => ({}), {}),
  rateLimit: read('rateLimit { cost }', () => ({}), {}),
  'events, live': live('events { cursor }', () => ({}), {}),
  'dashboard, live': live('dashboard { statistics { total } }', () => ({}), {}),
  updateViewer: write('updateViewer', (_names, word) => ({ name: word }), untraced),
  createTask: write('createTask', (names) => ({ id: names['fresh'], title: 'x' })),
  createTasks: write('createTasks', (names) => ({ tasks: [{ id: names['fresh'], title: 'x' }] })),
  createTeam: write('createTeam', (names, word) => ({ id: names['freshTeam'], name: word })),
  createConversation: write('createConversation', (names) => ({
    id: names['freshConversation'],
    title: 'x',
  })),
  createApiToken: write('createApiToken', (_names, word) => ({ name: word, scopes: ['READ'] }), untraced),
  revokeApiToken: write('revokeApiToken', (names) => ({ id: names['token'] })),
  views: read('views { id }', () => ({}), {}),
  createView: write('createView', (_names, word) => ({ name: word }), untraced),
  customDashboards: read('customDashboards { id }', () => ({}), {}),
  widgetData: read('widgetData(widget: { kind: NUMBER, measure: OPEN }) { isExact }', () => ({}), {}),
  createCustomDashboard: write('createCustomDashboard', (_names, word) => ({ name: word }), untraced),
  webhooks: read('webhooks { nodes { id } }', () => ({}), {}),
  createWebhook: write(
    'createWebhook',
    () => ({ url: 'https://receiver.example.com/', kinds: ['USER_SIGNED_UP'] }),
    untraced,
  ),
  authorizationRequest: read('authorizationRequest(parameters: "x") { name }', () => ({}), {}),
  connectApplication: write(
    'connectApplication',
    (names) => ({ parameters: 'x', teamIds: [names['freshTeam']] }),
    untraced,
  ),
  disconnectApplication: write('disconnectApplication', (names) => ({ id: names['application'] })),
  'node Approval': node('Approval', 'approval'),
  approve: write('approve', (names) => ({ id: names['approval'] })),
  refuse: write('refuse', (names) => ({ id: names['approval'] })),
  setDeletionGrant: write('setDeletionGrant', (names) => ({ id: names['token'], until: null })),
  undoRun: write('undoRun', (names) => ({ id: names['run'] }), untraced),
  assistant: read('assistant { hasModel conversation { id } }', () => ({}), {}),
  openAssistantConversation: {
    document: 'mutation { openAssistantConversation { cursor } }',
    variables: () => ({}),
    ...untraced,
  },
  sessions: read('sessions { id }', () => ({}), {}),
  endOtherSessions: {
    document: 'mutation { endOtherSessions { cursor } }',
    variables: () => ({}),
    ...untraced,
  },
  changePassword: write(
    'changePassword',
    () => ({ currentPassword: PASSWORD, newPassword: PASSWORD }),
    untraced,
  ),
  signOut: { document: 'mutation { signOut { signedOut } }', variables: () => ({}), ...untraced },
  resetPassword: write('resetPassword', () => ({ token: 'x', newPassword: PASSWORD }), untraced),
  signUpRules: read('signUpRules { mode }', () => ({}), {}),
  signIn: write('signIn', ({ email }) => ({ email, password: PASSWORD }), untraced),
  signUp: write('signUp', (names) => ({ email: names['newEmail'], name: 'x', password: PASSWORD }), untraced),
};

/** How each row is sent to the server, by table. */
export const operations = {
  'a task of a team': onTasks,
  'a task of one’s own, where the others are in its owner’s team': onTasks,
  'a task of a team in the trash': onTrash,
  'a task of one’s own in the trash': onTrash,
  'a team, where VIEW is a share of one of its tasks': onTeams,
  'a conversation, where a mate is in its owner’s team': onConversations,
  'a person, by what one is to them': onPeople,
  'what is one’s own, by what one shows for it': onOneself,
} satisfies Record<string, Record<string, Operation>>;
