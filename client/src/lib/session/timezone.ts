/** The time zone of this device, as an IANA name. */
export function deviceTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether a time zone is UTC under any of its names, such as `Etc/UTC`, `GMT` or `+00:00`. */
export function isUtc(timezone: string): boolean {
  return /^(?:Etc\/)?(?:UTC|GMT|UCT|Zulu|Universal|Greenwich)$|^[+-]00:00$/.test(timezone);
}

interface Viewer {
  readonly data: { readonly viewer: { readonly timezone: string } } | undefined;
}

/** The viewer's time zone; this device's until the viewer is loaded. */
export function timezoneOf({ data }: Viewer): string {
  return data?.viewer.timezone ?? deviceTimezone();
}

/** Every time zone that the browser knows, plus `current` and UTC. */
export function timezones(current: string): string[] {
  return [...new Set(['UTC', current, ...Intl.supportedValuesOf('timeZone')])].sort();
}
