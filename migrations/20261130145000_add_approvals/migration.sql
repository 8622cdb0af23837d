-- Approvals: changes that agents asked for and only their person can let happen. The table is new, and the new columns
-- have no default, so nothing is rewritten.
CREATE TYPE "approval_status" AS ENUM ('PENDING', 'APPROVED', 'REFUSED', 'STALE');

CREATE TABLE "approvals" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "api_token_id" UUID,
    "application_id" UUID,
    "verb" TEXT NOT NULL,
    "arguments" JSONB NOT NULL,
    "task_ids" UUID[],
    "task_versions" INTEGER[],
    "fingerprint" TEXT NOT NULL,
    "status" "approval_status" NOT NULL DEFAULT 'PENDING',
    "result" JSONB,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "decided_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "approvals_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "approvals_credential" CHECK (num_nonnulls("api_token_id", "application_id") = 1),
    CONSTRAINT "approvals_size" CHECK (octet_length("arguments"::text) <= 20000 AND cardinality("task_ids") <= 100)
);
CREATE INDEX "approvals_user_id_id_idx" ON "approvals"("user_id", "id");
CREATE INDEX "approvals_user_id_fingerprint_idx" ON "approvals"("user_id", "fingerprint");
CREATE INDEX "approvals_api_token_id_idx" ON "approvals"("api_token_id");
CREATE INDEX "approvals_application_id_idx" ON "approvals"("application_id");
CREATE INDEX "approvals_expires_at_idx" ON "approvals"("expires_at");
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_api_token_id_fkey" FOREIGN KEY ("api_token_id") REFERENCES "api_tokens"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_application_id_fkey" FOREIGN KEY ("application_id") REFERENCES "connected_applications"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "api_tokens" ADD COLUMN "may_delete_until" TIMESTAMPTZ(3);
ALTER TABLE "connected_applications" ADD COLUMN "may_delete_until" TIMESTAMPTZ(3);

-- The audit trail has approvals, too. Making the index blocks writers of "events" for one pass over the table.
DROP INDEX "events_audited";
CREATE INDEX "events_audited" ON "events" ("kind", "sequence", "at") WHERE "kind" IN (
    'access.refused', 'signIn.failed', 'session.started', 'session.ended', 'user.signedUp',
    'apiToken.created', 'apiToken.revoked', 'apiToken.used', 'apiToken.grantChanged',
    'application.connected', 'application.disconnected', 'application.tokenReused', 'application.grantChanged',
    'approval.requested', 'approval.approved', 'approval.refused',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred',
    'webhook.created', 'webhook.updated', 'webhook.deleted', 'webhook.disabled', 'webhook.secretRotated',
    'password.changed', 'password.resetIssued', 'account.unlocked', 'account.verified');
