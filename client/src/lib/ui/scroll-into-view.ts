/** Scrolls to a message in a dialog, which can be longer than a phone's screen. */
export function scrollIntoView(element: Element): void {
  if (element.closest('dialog')) element.scrollIntoView({ block: 'nearest' });
}
