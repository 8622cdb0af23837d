import type { Event } from '../../prisma/generated/client/client.ts';
import { seesEvent } from '../policy.ts';
import type { SubscriberRights } from './subscriber.ts';
import { sharedTaskOf, wasSharedWith } from './task-shares.ts';

/** Whether a person may see an event. For a task of other people, their share decides. */
export function maySee(
  { viewer, conversations, shares }: SubscriberRights,
  event: Event,
): boolean | Promise<boolean> {
  if (seesEvent(viewer, conversations, event, wasSharedWith(viewer.ownId, event))) return true;
  const taskId = sharedTaskOf(event);
  const share = taskId === null ? null : shares.of(taskId);
  return share instanceof Promise ? share.then((held) => held !== null) : share !== null;
}
