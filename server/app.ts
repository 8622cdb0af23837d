import { schema } from '../schema/index.ts';
import type { SignUpMode } from './auth/sign-up-mode.ts';
import { createAuth } from './auth/auth.ts';
import { createOrigins } from './auth/origins.ts';
import { createCredentials } from './auth/credentials.ts';
import { removeKeysOfOtherSecret } from './auth/rotate-keys.ts';
import type { AuthServices } from './auth/sign-in.ts';
import { createHealthCheck } from './lifecycle/health.ts';
import { createOauthClients } from './oauth/clients.ts';
import { committed } from './database/transaction.ts';
import { createAccessAudit } from './log/access-audit.ts';
import { startLive } from './live/live.ts';
import { createGraphql } from './graphql/yoga.ts';
import {
  createRequestListener,
  createUpgradeListener,
  type AnswerListener,
  type UpgradeListener,
} from './http/listener.ts';
import { Connections, type ConnectionLimits } from './live/connections.ts';
import type { Services } from './services.ts';
import { AddressRules } from './address-rules.ts';
import type { AssistantSettings } from './assistant/settings.ts';
import { AssistantWorker } from './assistant/worker.ts';
import { startWebhooks } from './webhooks/start.ts';
import { createWebSocketTransport, type SocketLimits } from './websocket/server.ts';

export interface ApiSettings extends Pick<Services, 'db' | 'log' | 'publicUrl' | 'monitoring' | 'limits'> {
  databaseUrl: string;
  secret: string;
  allowedOrigins: readonly string[];
  adminEmails: Iterable<string>;
  signUps: SignUpMode;
  socketLimits: SocketLimits;
  connectionLimits: ConnectionLimits;
  mostSubscriptions: number;
  redis: { url: string; channel: string } | undefined;
  webhookAllow: readonly string[];
  assistant: AssistantSettings;
  hasGraphiql: boolean;
  hasOauth: boolean;
  oauthClientHosts: readonly string[];
}

export interface Api {
  answer: AnswerListener;
  upgrade: UpgradeListener;
  /** Disconnects subscribers, staggered within the given milliseconds. */
  endStreams(withinMs: number): Promise<void>;
  /** Flushes the audit log. Call it when no request is running. */
  close(): Promise<void>;
}

export async function createApi(settings: ApiSettings): Promise<Api> {
  const {
    db,
    databaseUrl,
    log,
    secret,
    publicUrl,
    allowedOrigins,
    adminEmails,
    signUps,
    monitoring,
    limits,
  } = settings;
  if ((await removeKeysOfOtherSecret(db, secret)) > 0)
    log.warn('the secret has changed; everyone has to sign in again');
  const origins = createOrigins(publicUrl, allowedOrigins, limits.proxies);
  const auth = createAuth({
    db,
    log,
    secret,
    publicUrl,
    allowedOrigins,
    limits: limits.signIn,
    signUps,
    onSessionEnd: (sessionId) => {
      authServices.credentials.forget(sessionId);
      committed(db);
    },
  });
  const accessAudit = createAccessAudit(db, (err) => {
    log.error({ err }, 'could not record refused access');
  });
  const authServices: AuthServices = {
    db,
    auth,
    signInLimits: limits.signIn,
    invitationLimits: limits.invitations,
    credentials: createCredentials(db, auth, origins, settings.hasOauth),
    origins,
    accessAudit,
    oauth: settings.hasOauth
      ? {
          issuer: new URL(publicUrl).origin,
          clients: createOauthClients(
            db,
            limits.oauth,
            new AddressRules(settings.oauthClientHosts, 'OAUTH_CLIENT_HOSTS'),
          ),
        }
      : null,
    adminEmails: new Set(adminEmails),
    signUps,
  };
  const live = await startLive({
    db,
    databaseUrl,
    redis: settings.redis,
    adminEmails: authServices.adminEmails,
    mostSubscriptions: settings.mostSubscriptions,
    log,
    // Including those that ended in other processes.
    onCredentialEnd: (id) => {
      authServices.credentials.forget(id);
    },
  });
  const services: Services = {
    db,
    log,
    publicUrl,
    authServices,
    origins,
    live,
    check: createHealthCheck(databaseUrl),
    monitoring,
    limits,
    connections: new Connections(settings.connectionLimits),
    webhooks: { rules: new AddressRules(settings.webhookAllow, 'WEBHOOK_ALLOW'), serverSecret: secret },
    senderCounts: () => webhooks.counts(),
    assistant: {
      hasModel: settings.assistant.model !== null,
      wake: () => {
        assistant.wake();
      },
    },
  };
  const webhooks = startWebhooks({ services, schema }, databaseUrl);
  const graphql = createGraphql(schema, services);
  const assistant = new AssistantWorker({ db, log, graphql, settings: settings.assistant });
  const sockets = createWebSocketTransport(graphql, services, settings.socketLimits);
  return {
    answer: createRequestListener(graphql, services, settings.hasGraphiql),
    upgrade: createUpgradeListener(sockets, origins),
    async endStreams(withinMs) {
      await Promise.all([sockets.close(withinMs), live.endStreams(), webhooks.stop(), assistant.stop()]);
      await live.stop();
    },
    async close() {
      await services.check.stop();
      await accessAudit.close();
    },
  };
}
