/** Whether a key press is meant for the page, not for a field, a dialog or the browser. */
export function isShortcut(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return false;
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest('input, textarea, select, dialog, [contenteditable]') === null;
}
