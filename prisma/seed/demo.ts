import type { User } from '../generated/client/client.ts';
import type { EventKind, NewEvent } from '../../server/log/catalogue.ts';

export interface DemoPlan {
  seed: number;
  /** All times lie before it, and days are counted from it. */
  now: Date;
  /** How many tasks all people have together. */
  tasks: number;
}

export type DemoPerson = Pick<User, 'id' | 'name' | 'email' | 'timezone' | 'createdAt'>;

/** An event of the past. */
export type DemoEvent = At<NewEvent<EventKind>>;

export type At<Event> = Event & { at: Date };
