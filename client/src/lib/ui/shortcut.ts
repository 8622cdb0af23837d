/** Whether a key press is meant for the page, not for a field, a dialog or the browser. */
export function isShortcut(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return false;
  return isOutsideFields(event);
}

/** Whether a key press undoes a change of the page, not of a text. */
export function isUndo(event: KeyboardEvent): boolean {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  return key === 'z' && (ctrlKey || metaKey) && !shiftKey && !altKey && isOutsideFields(event);
}

/** Whether a key press selects all rows of the page, not a text. */
export function isSelectAll(event: KeyboardEvent): boolean {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  return key === 'a' && (ctrlKey || metaKey) && !shiftKey && !altKey && isOutsideFields(event);
}

/** Whether a key press moves the focused row: -1 up, 1 down, 0 not at all. */
export function rowMove(event: KeyboardEvent): -1 | 0 | 1 {
  const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
  if (!altKey || ctrlKey || metaKey || shiftKey || !isOutsideFields(event)) return 0;
  return key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : 0;
}

function isOutsideFields({ target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest('input, textarea, select, dialog, [contenteditable]') === null;
}
