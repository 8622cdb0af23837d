import { readFileSync } from 'node:fs';

/** The kernel's unit for CPU time in /proc, which is 10 ms on every Linux. */
const TICK_MS = 10;

/** Milliseconds of CPU that a process has used; proc(5). */
export function cpuMs(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13);
  return (Number(user) + Number(system)) * TICK_MS;
}
