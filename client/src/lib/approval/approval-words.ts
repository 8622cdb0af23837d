import type { ApprovalItem_ApprovalFragment, EventKind, TeamRole } from '../../gql/graphql.ts';
import { roleInSentence } from '../team/team-words.ts';
import { msg, plural } from '../language/format.ts';

type Approval = ApprovalItem_ApprovalFragment;

/** Kinds of events that change the list of pending approvals. */
export function approvalEvents(): EventKind[] {
  return ['APPROVAL_REQUESTED', 'APPROVAL_APPROVED', 'APPROVAL_REFUSED'];
}

/** The input of the mutation, which differs by verb. */
interface Input {
  email?: string | null;
  emails?: string[] | null;
  permission?: string | null;
  expiresAt?: string | null;
  role?: TeamRole | null;
  tasks?: unknown[];
}

export function inputOf(approval: Pick<Approval, 'arguments'>): Input {
  return approval.arguments as Input;
}

/** What the agent wants to do, as a sentence without a full stop. */
export function approvalWords(approval: Approval): string {
  const { verb, tasks, subject } = approval;
  const { permission, role, tasks: named } = inputOf(approval);
  const team = subject?.__typename === 'Team' ? msg(`the team “${subject.name}”`) : msg('a team');
  const conversation =
    subject?.__typename === 'Conversation'
      ? msg(`the conversation “${subject.title}”`)
      : msg('a conversation');
  const [member, ofTeam] =
    subject?.__typename === 'Membership'
      ? [`“${subject.user.name}”`, msg(`the team “${subject.team.name}”`)]
      : ['a member', msg('a team')];
  const receivers = receiversOf(approval);
  const grantedRole = roleInSentence(role ?? 'MEMBER');
  switch (verb) {
    case 'DELETE_TASK':
    case 'DELETE_TASKS': {
      const count = named?.length ?? tasks.length;
      return plural(count, ['Move a task to the trash', 'Move # tasks to the trash']);
    }
    case 'PURGE_TASK':
    case 'PURGE_TASKS':
      return plural(named?.length ?? 1, [
        'Delete a task in the trash permanently',
        'Delete # tasks in the trash permanently',
      ]);
    case 'SHARE_TASK':
      return `Share a task with ${receivers}, who can ${permission === 'EDIT' ? 'edit' : 'view'} it`;
    case 'UPDATE_SHARE':
      if (permission === 'EDIT') return 'Allow editing a task that is shared to view';
      return permission === 'VIEW'
        ? 'Limit the share of a task to viewing'
        : 'Change when the share of a task expires';
    case 'DELETE_COMMENT':
      return 'Delete a comment permanently';
    case 'INVITE_MEMBER':
      return `Invite ${receivers} to ${team} as ${grantedRole}`;
    case 'CHANGE_ROLE':
      return `Make ${member} ${grantedRole} of ${ofTeam}`;
    case 'REMOVE_MEMBER':
      return `Remove ${member} from ${ofTeam}`;
    case 'LEAVE_TEAM':
      return `Leave ${team}`;
    case 'TRANSFER_OWNERSHIP':
      return `Make ${receivers} the owner of ${team}`;
    case 'DELETE_TEAM':
      return `Delete ${team} permanently`;
    case 'DELETE_VIEW':
      return 'Delete a view';
    case 'DELETE_CUSTOM_DASHBOARD':
      return 'Delete a dashboard';
    case 'ADD_PARTICIPANTS':
      return `Add ${receivers} to ${conversation}, who can then read all its messages`;
    case 'DELETE_CONVERSATION':
      return `Delete ${conversation} for all participants`;
    case 'LEAVE_CONVERSATION':
      return `Leave ${conversation}`;
  }
}

function receiversOf(approval: Approval): string {
  const { email, emails } = inputOf(approval);
  const names = approval.people.map(({ name }) => `“${name}”`);
  const all = [...names, ...(email == null ? [] : [email]), ...(emails ?? [])];
  return all.length === 0 ? msg('a person') : all.join(', ');
}

/** Who asks. */
export function agentWords({ apiToken, connectedApplication }: Approval): string {
  if (connectedApplication) {
    const { name, host } = connectedApplication;
    return host === null
      ? `The application “${name}” (its name is not verified)`
      : `The application “${name}” from ${host}`;
  }
  return apiToken ? `An agent with the API token “${apiToken.name}”` : 'The assistant';
}
