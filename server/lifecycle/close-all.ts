/** Closes in reverse order. A failure does not prevent the others from closing. */
export async function closeAll(closing: (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close().catch(() => undefined);
}
