import './scalars.ts';
import './user.ts';
import './session.ts';
import './task.ts';
import './task-list.ts';
import './task-changes.ts';
import './team.ts';
import './team-changes.ts';
import './membership.ts';
import './invitation.ts';
import './share.ts';
import './comment.ts';
import './conversation.ts';
import './conversation-list.ts';
import './message.ts';
import './api-token.ts';
import './event.ts';
import './activity.ts';
import './dashboard.ts';
import './search.ts';
import { builder } from './builder.ts';

/** The whole API, assembled. */
export const schema = builder.toSchema();
