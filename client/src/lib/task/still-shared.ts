import { toasts } from '../ui/toasts.svelte.ts';

interface Review {
  canShare: boolean;
  /** Called to open the shares of the task. */
  onreview: () => void;
}

/** A move into a team keeps all shares, so it offers to review them. */
export function showStillShared(count: number, { canShare, onreview }: Review): void {
  const people = count === 1 ? '1 person' : `${count.toLocaleString('en')} people`;
  const review = { label: 'Review shares', run: onreview };
  toasts.show(`Saved. Still shared with ${people} outside the team`, canShare ? review : undefined);
}
