import './scalars.ts';
import './user.ts';
import './session.ts';
import './task.ts';
import './task-list.ts';
import './task-changes.ts';
import './dashboard.ts';
import { builder } from './builder.ts';

/** The whole API, assembled. */
export const schema = builder.toSchema();
