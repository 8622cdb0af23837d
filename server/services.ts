import type { AssistantControl } from './assistant/settings.ts';
import type { Origins } from './auth/origins.ts';
import type { AuthServices } from './auth/sign-in.ts';
import type { Database } from './database/client.ts';
import type { HealthCheck } from './lifecycle/health.ts';
import type { Limits } from './limits/limits.ts';
import type { Connections } from './live/connections.ts';
import type { SenderCounts, WebhookSettings } from './webhooks/settings.ts';
import type { Live } from './live/live.ts';
import type { Logger } from './logger.ts';
import type { Monitoring } from './observability/monitoring.ts';

/** What `createApi` has started, for GraphQL and the transports. */
export interface Services {
  db: Database;
  log: Logger;
  publicUrl: string;
  authServices: AuthServices;
  origins: Origins;
  live: Live;
  check: HealthCheck;
  monitoring: Monitoring;
  limits: Limits;
  connections: Connections;
  webhooks: WebhookSettings;
  senderCounts: () => SenderCounts;
  assistant: AssistantControl;
}
