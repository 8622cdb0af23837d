/** Closes in the opposite order of opening; what fails to close does not keep the rest open. */
export async function closeAll(closing: (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close().catch(() => undefined);
}
