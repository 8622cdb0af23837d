/** The timezone of this device, as an IANA name. */
export function deviceTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Every timezone that the browser knows, with `current` and UTC among them. */
export function timezones(current: string): string[] {
  return [...new Set(['UTC', current, ...Intl.supportedValuesOf('timeZone')])].sort();
}
