-- The trash: a deleted task is moved here with its comments, shares and offers, so that statements on "tasks" never see it.
-- All tables are new.
CREATE TABLE "trashed_tasks" (
    "id" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "owner_id" UUID NOT NULL,
    "assignee_id" UUID,
    "team_id" UUID,
    "parent_id" UUID,
    "deleted_by_id" UUID,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "bytes" INTEGER NOT NULL,
    "content" JSONB NOT NULL,

    CONSTRAINT "trashed_tasks_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "trashed_tasks_owner_id_team_id_deleted_at_id_idx" ON "trashed_tasks"("owner_id", "team_id", "deleted_at", "id");
CREATE INDEX "trashed_tasks_assignee_id_team_id_deleted_at_id_idx" ON "trashed_tasks"("assignee_id", "team_id", "deleted_at", "id");
CREATE INDEX "trashed_tasks_team_id_deleted_at_id_idx" ON "trashed_tasks"("team_id", "deleted_at", "id");
CREATE INDEX "trashed_tasks_deleted_by_id_idx" ON "trashed_tasks"("deleted_by_id");
CREATE INDEX "trashed_tasks_expires_at_idx" ON "trashed_tasks"("expires_at");
ALTER TABLE "trashed_tasks" ADD CONSTRAINT "trashed_tasks_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "trashed_tasks" ADD CONSTRAINT "trashed_tasks_assignee_id_fkey" FOREIGN KEY ("assignee_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "trashed_tasks" ADD CONSTRAINT "trashed_tasks_deleted_by_id_fkey" FOREIGN KEY ("deleted_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
-- As for "tasks": the tasks of a deleted team become personal tasks of their owners.
ALTER TABLE "trashed_tasks" ADD CONSTRAINT "trashed_tasks_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "trashed_rows" (
    "id" BIGSERIAL NOT NULL,
    "task_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "author_id" UUID,
    "receiver_id" UUID,
    "bytes" INTEGER NOT NULL DEFAULT 0,
    "content" JSONB NOT NULL,

    CONSTRAINT "trashed_rows_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "trashed_rows_task_id_kind_idx" ON "trashed_rows"("task_id", "kind");
CREATE INDEX "trashed_rows_author_id_idx" ON "trashed_rows"("author_id");
CREATE INDEX "trashed_rows_receiver_id_idx" ON "trashed_rows"("receiver_id");
ALTER TABLE "trashed_rows" ADD CONSTRAINT "trashed_rows_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "trashed_tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "trashed_rows" ADD CONSTRAINT "trashed_rows_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "trashed_rows" ADD CONSTRAINT "trashed_rows_receiver_id_fkey" FOREIGN KEY ("receiver_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What both add to their person's storage, as for the tables of migration `count_storage_per_person`. The counted columns
-- of a row never change.
DO $migration$
DECLARE
    "counted" record;
BEGIN
    FOR "counted" IN SELECT * FROM (VALUES ('trashed_tasks', 'owner_id'), ('trashed_rows', 'author_id')) AS "list" ("name", "person") LOOP
        EXECUTE replace(replace($sql$
            CREATE FUNCTION "count_storage_of_<name>"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "<person>", count(*), sum("bytes") FROM "added" WHERE "<person>" IS NOT NULL GROUP BY "<person>";
                ELSE
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "<person>", -count(*), -sum("bytes") FROM "removed" WHERE "<person>" IS NOT NULL GROUP BY "<person>";
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER "<name>_storage_insert" AFTER INSERT ON "<name>" REFERENCING NEW TABLE AS "added"
                FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_<name>"();
            CREATE TRIGGER "<name>_storage_delete" AFTER DELETE ON "<name>" REFERENCING OLD TABLE AS "removed"
                FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_<name>"()
            $sql$, '<person>', "counted"."person"), '<name>', "counted"."name");
    END LOOP;
END $migration$;
