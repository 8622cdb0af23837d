// A fault for a server to be started with, by Node's `--import`: twenty megabytes a second that nobody lets go of.
const kept: string[] = [];

setInterval(() => {
  kept.push(Buffer.alloc(1_000_000, kept.length % 256).toString('latin1'));
}, 50).unref();
