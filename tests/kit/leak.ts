// A fault for a server, loaded with Node's `--import`: it leaks twenty megabytes per second.
const kept: string[] = [];

setInterval(() => {
  kept.push(Buffer.alloc(1_000_000, kept.length % 256).toString('latin1'));
}, 50).unref();
