-- CreateEnum
CREATE TYPE "task_scope_kind" AS ENUM ('OWNER', 'SELF', 'ASSIGNEE', 'TEAM');

-- CreateEnum
CREATE TYPE "duration_measure" AS ENUM ('CYCLE', 'LEAD');

-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "started_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "task_counter_state" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "transaction_id" BIGINT,

    CONSTRAINT "task_counter_state_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_scopes" (
    "id" SERIAL NOT NULL,
    "generation" INTEGER NOT NULL,
    "kind" "task_scope_kind" NOT NULL,
    "of_id" UUID NOT NULL,
    "team_id" UUID NOT NULL,

    CONSTRAINT "task_scopes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_counts" (
    "scope_id" INTEGER NOT NULL,
    "status" "task_status" NOT NULL,
    "priority" "task_priority" NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "task_counts_pkey" PRIMARY KEY ("scope_id","status","priority")
);

-- CreateTable
CREATE TABLE "task_due_counts" (
    "scope_id" INTEGER NOT NULL,
    "due_on" DATE NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "task_due_counts_pkey" PRIMARY KEY ("scope_id","due_on")
);

-- CreateTable
CREATE TABLE "task_day_counts" (
    "scope_id" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "created" INTEGER[],
    "completed" INTEGER[],

    CONSTRAINT "task_day_counts_pkey" PRIMARY KEY ("scope_id","day")
);

-- CreateTable
CREATE TABLE "task_day_changes" (
    "scope_id" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "todo" INTEGER[],
    "in_progress" INTEGER[],
    "done" INTEGER[],
    "cancelled" INTEGER[],
    "finished" INTEGER[],

    CONSTRAINT "task_day_changes_pkey" PRIMARY KEY ("scope_id","day")
);

-- CreateTable
CREATE TABLE "task_durations" (
    "scope_id" INTEGER NOT NULL,
    "measure" "duration_measure" NOT NULL,
    "day" DATE NOT NULL,
    "bucket" SMALLINT NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "task_durations_pkey" PRIMARY KEY ("scope_id","measure","day","bucket")
);

-- CreateIndex
CREATE UNIQUE INDEX "task_scopes_generation_kind_of_id_team_id_key" ON "task_scopes"("generation", "kind", "of_id", "team_id");


-- What follows is not in schema.prisma: its language has no words for it.

ALTER TABLE "task_counter_state" ADD CONSTRAINT "task_counter_state_one_row" CHECK ("id" = 1);

-- Nothing is counted here, so no table is locked for long: where there is something to count, the server does it
-- before it answers for the first time.
INSERT INTO "task_counter_state" ("transaction_id")
SELECT CASE WHEN EXISTS (SELECT FROM "tasks") OR EXISTS (SELECT FROM "events" WHERE "kind" LIKE 'task.%') THEN NULL ELSE 0 END;

-- Rows that are counted up again and again find room for their next version on their own page.
ALTER TABLE "task_counts" SET (fillfactor = 50);
ALTER TABLE "task_due_counts" SET (fillfactor = 80);
ALTER TABLE "task_day_counts" SET (fillfactor = 80);
ALTER TABLE "task_day_changes" SET (fillfactor = 80);

-- The quarter of an hour of its day in UTC that a moment lies in, from 1 to 96.
CREATE FUNCTION "quarter_of"("moment" timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 1 + (date_part('hour', "moment" AT TIME ZONE 'UTC') * 4
                + floor(date_part('minute', "moment" AT TIME ZONE 'UTC') / 15))::integer
$$;

-- A day's steps hold at each quarter how many there were up to its end, from the first that has any to the last that
-- has more: {[37:39]=1,1,3} is 0 before quarter 37, and 3 from quarter 39 on.
CREATE FUNCTION "steps_at"("steps" integer[], "quarter" integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce("steps"[least("quarter", array_upper("steps", 1))], 0)
$$;

-- The steps after changes at some quarters, which must ascend; NULL where none remain.
CREATE FUNCTION "steps_after"("steps" integer[], "quarters" integer[], "changes" integer[])
RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    "result" integer[];
    "added" integer := 0;
    "next" integer := 1;
    "kept" integer;
    "last" integer := 0;
    "value" integer;
    "upper" integer := array_upper("steps", 1);
BEGIN
    IF "quarters" IS NULL THEN
        RETURN "steps";
    END IF;
    FOR "q" IN least(array_lower("steps", 1), "quarters"[1]) .. greatest("upper", "quarters"[cardinality("quarters")]) LOOP
        IF "quarters"["next"] = "q" THEN
            "added" := "added" + "changes"["next"];
            "next" := "next" + 1;
        END IF;
        "value" := coalesce("steps"[least("q", "upper")], 0) + "added";
        IF "value" <> "last" THEN
            IF "kept" IS NOT NULL THEN
                FOR "gap" IN "kept" + 1 .. "q" - 1 LOOP
                    "result"["gap"] := "last";
                END LOOP;
            END IF;
            "result"["q"] := "value";
            "kept" := "q";
            "last" := "value";
        END IF;
    END LOOP;
    RETURN "result";
END
$$;

-- The logarithmic bucket that a duration falls into: 1.01 / 0.99 to the power of it is the bucket's upper end in
-- seconds, so that no duration is more than 1 % away from its bucket's middle. A second and less is 0.
CREATE FUNCTION "duration_bucket"("duration" interval) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ceil(ln(greatest(date_part('epoch', "duration"), 1)) / ln(1.01::float8 / 0.99))::smallint
$$;

-- The first moment of a day somewhere. Midnight may be skipped there, which PostgreSQL takes for the moment of the
-- change, or come twice, of which PostgreSQL takes the second.
CREATE FUNCTION "start_of_day"("day" date, "timezone" text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT "day"::timestamp AT TIME ZONE "timezone" -
           CASE WHEN (("day"::timestamp AT TIME ZONE "timezone" - interval '1 hour') AT TIME ZONE "timezone")::date = "day"
                THEN interval '1 hour' ELSE interval '0' END
$$;
