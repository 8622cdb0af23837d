import type { PerformanceStore } from './store.ts';

export interface Monitoring {
  store: PerformanceStore;
  /** From 0 to 1. */
  sampleRate: number;
  backupDir: string;
  token: string | undefined;
}
