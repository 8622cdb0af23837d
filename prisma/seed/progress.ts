import type { WriteStream } from 'node:tty';

const REDRAW_MS = 100;
const SAY_MS = 5_000;

/** Shows progress: one updated line on a terminal, else a line every five seconds. */
export class Progress {
  readonly #out: WriteStream;
  readonly #whole: number;
  readonly #began = performance.now();
  #shown = this.#began;

  constructor(out: WriteStream, whole: number) {
    this.#out = out;
    this.#whole = whole;
  }

  /** @param done the number written so far. */
  show(done: number): void {
    const now = performance.now();
    if (now - this.#shown < (this.#out.isTTY ? REDRAW_MS : SAY_MS)) return;
    this.#shown = now;
    const rate = done / ((now - this.#began) / 1000);
    const left = Math.ceil((this.#whole - done) / rate);
    const line = `${amount(done)} of ${amount(this.#whole)} tasks, ${amount(Math.round(rate))} a second, ${left} s left`;
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  }

  /** Clears the line. @returns the duration. */
  end(): string {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K');
    return `${((performance.now() - this.#began) / 1000).toFixed(1)} s`;
  }
}

export function amount(count: number): string {
  return count.toLocaleString('en');
}
