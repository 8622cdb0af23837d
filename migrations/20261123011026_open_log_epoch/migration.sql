-- Positions in the log get an epoch, and remember what was under way when they were made.

-- In two steps, so that rows that exist are not written again: for them null means that nothing earlier was under way.
ALTER TABLE "events" ADD COLUMN "horizon" BIGINT;
ALTER TABLE "events" ALTER COLUMN "horizon" SET DEFAULT ((pg_snapshot_xmin(pg_current_snapshot()))::text)::bigint;

CREATE TABLE "event_log" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" TEXT NOT NULL DEFAULT substr((gen_random_uuid())::text, 1, 8),
    "trimmed_transaction_id" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_log_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "event_log_has_one_row" CHECK ("id" = 1)
);

INSERT INTO "event_log" DEFAULT VALUES;
