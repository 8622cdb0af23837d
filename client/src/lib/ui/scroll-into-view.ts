/** For what appears in a dialog: on a phone it may be longer than the screen, and whoever pressed a button at its end sees nothing of its top. */
export function scrollIntoView(element: Element): void {
  if (element.closest('dialog')) element.scrollIntoView({ block: 'nearest' });
}
