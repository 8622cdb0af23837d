import type { User } from '../generated/client/client.ts';
import type { EventKind, NewEvent } from '../../server/log/catalogue.ts';

export interface DemoPlan {
  seed: number;
  /** The current time: all times are earlier. */
  now: Date;
  /** The total number of tasks. */
  tasks: number;
}

export type DemoPerson = Pick<User, 'id' | 'name' | 'email' | 'timezone' | 'createdAt'>;

export type DemoEvent = At<NewEvent<EventKind>>;

export type At<Event> = Event & { at: Date };
