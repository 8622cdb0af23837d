-- Webhooks and their deliveries. The tables are new, so their constraints check no rows, and writers of "users" and
-- "teams" wait for a moment only.

-- CreateEnum
CREATE TYPE "webhook_disabled_reason" AS ENUM ('BY_PERSON', 'FAILING', 'GONE', 'NO_ACCESS', 'SECRET_LOST');

-- CreateEnum
CREATE TYPE "webhook_delivery_status" AS ENUM ('PENDING', 'DELIVERED', 'FAILED');

-- CreateEnum
CREATE TYPE "webhook_delivery_cause" AS ENUM ('EVENT', 'REDELIVERY', 'TEST');

-- CreateTable
CREATE TABLE "webhooks" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "team_id" UUID,
    "url" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "kinds" TEXT[],
    "task_filter" JSONB,
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_secret_until" TIMESTAMPTZ(3),
    "disabled_reason" "webhook_disabled_reason",
    "disabled_at" TIMESTAMPTZ(3),
    "transaction_id" BIGINT,
    "sequence" BIGINT,
    "lease" UUID,
    "leased_until" TIMESTAMPTZ(3),
    "served_at" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "retry_at" TIMESTAMPTZ(3),
    "last_delivered_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "place" BIGSERIAL NOT NULL,
    "webhook_id" UUID NOT NULL,
    "cause" "webhook_delivery_cause" NOT NULL DEFAULT 'EVENT',
    "status" "webhook_delivery_status" NOT NULL DEFAULT 'PENDING',
    "kind" TEXT,
    "event_sequence" BIGINT,
    "transaction_id" BIGINT,
    "topic" UUID,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "response_status" INTEGER,
    "duration" INTEGER,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "first_attempt_at" TIMESTAMPTZ(3),
    "attempted_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "webhooks_user_id_id_idx" ON "webhooks"("user_id", "id");

-- CreateIndex
CREATE INDEX "webhooks_team_id_id_idx" ON "webhooks"("team_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_deliveries_place_key" ON "webhook_deliveries"("place");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_place_idx" ON "webhook_deliveries"("webhook_id", "place");

-- AddForeignKey
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The queues: which webhooks have something to send, what comes next, and what comes first of a topic.
CREATE INDEX "webhook_deliveries_pending" ON "webhook_deliveries" ("webhook_id", "place") WHERE "status" = 'PENDING';
CREATE INDEX "webhook_deliveries_topics" ON "webhook_deliveries" ("webhook_id", "topic", "place") WHERE "status" = 'PENDING';

-- Webhooks start with the events from now on.
INSERT INTO "log_consumers" ("name", "transaction_id")
VALUES ('webhooks', pg_snapshot_xmin(pg_current_snapshot())::text::bigint);

-- The audit trail has webhooks, too. Making the index blocks writers of "events" for one pass over the table.
DROP INDEX "events_audited";
CREATE INDEX "events_audited" ON "events" ("kind", "sequence", "at") WHERE "kind" IN (
    'access.refused', 'signIn.failed', 'session.started', 'session.ended', 'user.signedUp',
    'apiToken.created', 'apiToken.revoked', 'apiToken.used',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred',
    'webhook.created', 'webhook.updated', 'webhook.deleted', 'webhook.disabled', 'webhook.secretRotated',
    'password.changed', 'password.resetIssued', 'account.unlocked', 'account.verified');
