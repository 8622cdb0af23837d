import type { PerformanceStore } from './store.ts';

export interface Monitoring {
  store: PerformanceStore;
  sampleRate: number;
  backupDir: string;
  token: string | undefined;
}
