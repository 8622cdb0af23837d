-- Through what an agent's changes were made. A run has a row per credential and run id, or per credential and day; the
-- row stays after the credential is revoked, with its name. The columns have no default, so nothing is rewritten. The
-- index on "events" is partial and empty: making it blocks writers for one pass over the table.
CREATE TYPE "event_source_kind" AS ENUM ('API_TOKEN', 'APPLICATION');

CREATE TABLE "agent_runs" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" "event_source_kind" NOT NULL,
    "name" TEXT NOT NULL,
    "run" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "undone_at" TIMESTAMPTZ(3),

    CONSTRAINT "agent_runs_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "agent_runs_run" CHECK (char_length("run") BETWEEN 1 AND 100)
);
CREATE INDEX "agent_runs_user_id_started_at_id_idx" ON "agent_runs"("user_id", "started_at", "id");
CREATE INDEX "agent_runs_started_at_idx" ON "agent_runs"("started_at");
ALTER TABLE "agent_runs" ADD CONSTRAINT "agent_runs_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "events" ADD COLUMN "run_id" UUID, ADD COLUMN "approval_id" UUID;
CREATE INDEX "events_run" ON "events" ("run_id", "sequence") WHERE "run_id" IS NOT NULL;

ALTER TABLE "approvals" ADD COLUMN "run_id" UUID;
CREATE INDEX "approvals_run_id_idx" ON "approvals"("run_id");
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "agent_runs"("id") ON DELETE SET NULL ON UPDATE CASCADE;
