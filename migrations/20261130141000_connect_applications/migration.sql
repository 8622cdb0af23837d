-- OAuth: programs that registered themselves, and the access that people allowed to programs. Both tables are new, so
-- nothing waits.
CREATE TYPE "oauth_resource" AS ENUM ('MCP', 'MCP_READONLY', 'GRAPHQL');

CREATE TABLE "oauth_clients" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "redirect_uris" TEXT[],
    "authorized_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "oauth_clients_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "connected_applications" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "resource" "oauth_resource" NOT NULL,
    "scopes" "api_token_scope"[],
    "code_hash" BYTEA NOT NULL,
    "code_challenge" TEXT NOT NULL,
    "code_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "access_hash" BYTEA,
    "access_expires_at" TIMESTAMPTZ(3),
    "refresh_family_hash" BYTEA,
    "refresh_hash" BYTEA,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "connected_applications_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "connected_applications_code_hash_key" ON "connected_applications"("code_hash");
CREATE UNIQUE INDEX "connected_applications_access_hash_key" ON "connected_applications"("access_hash");
CREATE UNIQUE INDEX "connected_applications_refresh_family_hash_key" ON "connected_applications"("refresh_family_hash");
CREATE INDEX "connected_applications_user_id_id_idx" ON "connected_applications"("user_id", "id");
ALTER TABLE "connected_applications" ADD CONSTRAINT "connected_applications_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The audit trail has connected applications, too. Making the index blocks writers of "events" for one pass over the
-- table.
DROP INDEX "events_audited";
CREATE INDEX "events_audited" ON "events" ("kind", "sequence", "at") WHERE "kind" IN (
    'access.refused', 'signIn.failed', 'session.started', 'session.ended', 'user.signedUp',
    'apiToken.created', 'apiToken.revoked', 'apiToken.used',
    'application.connected', 'application.disconnected', 'application.tokenReused',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred',
    'webhook.created', 'webhook.updated', 'webhook.deleted', 'webhook.disabled', 'webhook.secretRotated',
    'password.changed', 'password.resetIssued', 'account.unlocked', 'account.verified');
