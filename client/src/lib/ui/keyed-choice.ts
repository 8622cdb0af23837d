/** One of the choices of a dialog. */
export interface KeyedChoice {
  /** `''` for none. */
  key: string;
  label: string;
  isCurrent: boolean;
  choose: () => void;
}
