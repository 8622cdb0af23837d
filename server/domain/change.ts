/** What a verb gives back: the object that it created, changed or deleted, and the log cursor after the change. */
export interface Change {
  id: string;
  cursor: string;
}
