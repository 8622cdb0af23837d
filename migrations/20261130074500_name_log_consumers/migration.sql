-- Each durable consumer of the log has a row. The lock keeps servers of the previous release from counting between the
-- copy and the end; the copy has one row, so they wait for a moment only.
LOCK TABLE "task_counter_state" IN ACCESS EXCLUSIVE MODE;

CREATE TABLE "log_consumers" (
    "name" TEXT NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "transaction_id" BIGINT,

    CONSTRAINT "log_consumers_pkey" PRIMARY KEY ("name")
);

INSERT INTO "log_consumers" ("name", "generation", "transaction_id")
SELECT 'task_counters', "generation", "transaction_id" FROM "task_counter_state";

DROP TABLE "task_counter_state";

-- For servers of the previous release during a rolling upgrade. PostgreSQL lets them lock and update the row through the
-- view. The next release can drop it.
CREATE VIEW "task_counter_state" AS
SELECT 1 AS "id", "generation", "transaction_id" FROM "log_consumers" WHERE "name" = 'task_counters';
