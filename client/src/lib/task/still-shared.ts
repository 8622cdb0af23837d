import { toasts } from '../ui/toasts.svelte.ts';
import { plural } from '../language/format.ts';

interface Review {
  canShare: boolean;
  /** Called to open the shares of the task. */
  onreview: () => void;
}

/** A move into a team keeps all shares, so it offers to review them. */
export function showStillShared(count: number, { canShare, onreview }: Review): void {
  const review = { label: 'Review shares', run: onreview };
  const message = plural(count, [
    'Saved. Still shared with # person outside the team',
    'Saved. Still shared with # people outside the team',
  ]);
  toasts.show(message, canShare ? review : undefined);
}
