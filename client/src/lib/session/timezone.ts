/** The timezone of this device, as an IANA name. */
export function deviceTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether a timezone is UTC by whichever of its names, such as `Etc/UTC`, `GMT` or `+00:00`. */
export function isUtc(timezone: string): boolean {
  return /^(?:Etc\/)?(?:UTC|GMT|UCT|Zulu|Universal|Greenwich)$|^[+-]00:00$/.test(timezone);
}

interface Viewer {
  readonly data: { readonly viewer: { readonly timezone: string } } | undefined;
}

/** The timezone of who is signed in; until that is read, this device's. */
export function timezoneOf({ data }: Viewer): string {
  return data?.viewer.timezone ?? deviceTimezone();
}

/** Every timezone that the browser knows, with `current` and UTC among them. */
export function timezones(current: string): string[] {
  return [...new Set(['UTC', current, ...Intl.supportedValuesOf('timeZone')])].sort();
}
