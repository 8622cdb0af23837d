import type { PerformanceStore } from './store.ts';

/** What a server measures, and for whom. */
export interface Monitoring {
  store: PerformanceStore;
  /** The share of operations, of 1, whose resolvers are measured. */
  sampleRate: number;
  /** Where backups, and how the last ones went, are looked for. */
  backupDir: string;
  /** Lets other machines read the metrics. */
  token: string | undefined;
}
